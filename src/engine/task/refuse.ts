/** How an option is refused: with its name, the value it got and the value it takes. */
import { ChardError } from './errors.ts'

/** @throws ChardError `invalid-option` */
export function refuse(option: string, got: unknown, takes: string): never {
  throw new ChardError('invalid-option', `${option} is ${shown(got)}; it takes ${takes}`)
}

/** A value as it would be written. JSON writes NaN, Infinity and an invalid Date as null, and throws for a circular value. */
export function shown(value: unknown): string {
  if (typeof value === 'number' || value instanceof Date) return String(value)
  try {
    return JSON.stringify(value)?.slice(0, 200) ?? String(value)
  } catch {
    return typeof value
  }
}
