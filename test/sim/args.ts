/** The command line. */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'

export interface Args {
  readonly seeds: number
  readonly base: number
  /** One seed that is run twice, and shrunk and reported in full when it fails. */
  readonly seed: number | undefined
  readonly workers: number
  readonly untilFailure: boolean
  readonly json: string | undefined
  readonly quiet: boolean
}

/** As CI runs it, from a fresh base that is printed. */
const seedsDefault = 2_000

export function argsOf(argv: readonly string[]): Args {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seeds: { type: 'string' },
      base: { type: 'string' },
      seed: { type: 'string' },
      workers: { type: 'string' },
      'until-failure': { type: 'boolean' },
      json: { type: 'string' },
      quiet: { type: 'boolean' },
    },
  })
  const seed = values.seed === undefined ? undefined : whole('seed', values.seed)
  return {
    seeds: seed === undefined ? whole('seeds', values.seeds ?? String(seedsDefault)) : 1,
    base: seed ?? (values.base === undefined ? randomInt(1, 2 ** 31) : whole('base', values.base)),
    seed,
    workers: Math.max(1, whole('workers', values.workers ?? '2')),
    untilFailure: values['until-failure'] ?? false,
    json: values.json,
    quiet: values.quiet ?? false,
  }
}

function whole(option: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new Error(`--${option} is ${text}; it takes a whole number`)
}
