/** How an option is refused: by its name, the value it got and the value it takes. */
import { ChardError } from './errors.ts'

/** @throws ChardError `invalid-option` */
export function refuse(option: string, got: unknown, takes: string): never {
  throw new ChardError('invalid-option', `${option} is ${shown(got)}; it takes ${takes}`)
}

/** As it would be written. JSON has no word for NaN, Infinity and a Date that is none, and none at all for what is circular. */
export function shown(value: unknown): string {
  if (typeof value === 'number' || value instanceof Date) return String(value)
  try {
    return JSON.stringify(value)?.slice(0, 200) ?? String(value)
  } catch {
    return typeof value
  }
}
