/**
 * Durations as people write them: `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'7d'`, or a number of milliseconds.
 */
import { ChardError } from './errors.ts'

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds as a number, or digits and a unit: `ms`, `s`, `m`, `h` or `d`. Fractions are allowed: `'1.5h'`. */
export type Duration = number | `${number}${keyof typeof unitMs}`

/** The longest duration taken anywhere: ten years. A longer one is a mistake of units. */
export const durationMsMax = 3_653 * unitMs.d

/**
 * A duration in whole milliseconds.
 *
 * @param value what the caller wrote
 * @param option the name of the option, for the message
 * @throws ChardError `invalid-option` when it is not a duration, is negative, or is longer than ten years
 */
export function durationMs(value: Duration, option: string): number {
  const ms = typeof value === 'number' ? value : parse(value)
  if (ms === undefined || !Number.isFinite(ms) || ms < 0 || ms > durationMsMax) {
    throw new ChardError(
      'invalid-option',
      `${option} is ${typeof value === 'string' ? JSON.stringify(value) : String(value)}; it takes milliseconds or a string such as '30s', '5m', '2h' or '7d', up to ten years`,
    )
  }
  return Math.round(ms)
}

function parse(text: unknown): number | undefined {
  const match = typeof text === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) : null
  if (!match) return undefined
  return Number(match[1]) * unitMs[match[2] as keyof typeof unitMs]
}
