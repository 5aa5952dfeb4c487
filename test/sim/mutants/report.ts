/** The table of a run: which check found each planted bug, and after how many worlds. */
import type { Mutant } from './mutant.ts'
import type { Found } from './simulate.ts'

export interface Verdict {
  readonly name: string
  readonly found: Found | undefined
  /** The world that found the bug holds without it. */
  readonly isSound: boolean
  readonly seconds: number
  /** Whether a world was remembered for it, and has found it again. Otherwise it was sought seed by seed. */
  readonly memory: 'none' | 'good' | 'stale'
  /** Why there is no answer. */
  readonly trouble?: string
}

const widths = [54, 14, 12, 12, 8] as const

export const heading = `${line(['planted bug', 'breaks', 'caught by', 'seed', 'seconds'])}what was seen`

export function row(
  { name, breaks }: Mutant,
  { found, isSound, seconds, memory, trouble }: Verdict,
  base: number,
): string {
  if (trouble !== undefined) {
    return `${line([name, breaks.join(' '), '', '', seconds.toFixed(1)])}NO ANSWER: ${oneLine(trouble)}`
  }
  if (!found) return `${line([name, breaks.join(' '), 'nothing', '', seconds.toFixed(1)])}IT LIVES`
  const seed = `${found.seed - base + 1}${memory === 'good' ? '' : ' sought'}`
  const caught = line([name, breaks.join(' '), found.invariant, seed, seconds.toFixed(1)])
  return `${caught}${isSound ? '' : `THE ENGINE ITSELF FAILS IN SEED ${found.seed}: `}${oneLine(found.message)}`
}

/** What the same worlds have come to without a bug: a check that fails by itself finds nothing. */
export function closing(verdicts: readonly Verdict[]): string {
  const found = verdicts.filter((verdict) => verdict.found !== undefined)
  const broken = found.filter(({ isSound }) => !isSound).length
  const held = broken === 0 ? 'it holds in each' : `IT FAILS in ${broken}`
  const known = found.filter(({ memory }) => memory === 'good').length
  return `
${known} were found in the world that is remembered, ${found.length - known} by looking through the seeds.${stale(verdicts)}
The engine itself was run in each world that found a bug: ${held}.`
}

/** A run is as good without, but slower; whoever changed what happens in the worlds should know. */
function stale(verdicts: readonly Verdict[]): string {
  const names = verdicts.filter(({ memory }) => memory === 'stale').map(({ name }) => name)
  if (names.length === 0) return ''
  return `\nThe remembered world no longer finds ${names.join('; ')}. With --remember a run writes down the one that does.`
}

function line(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(widths[index] ?? 0))
    .join(' ')
    .concat(' ')
}

/** A message may hold a whole diff; the table shows its beginning. */
function oneLine(text: string): string {
  const flat = text.replaceAll(/\s+/g, ' ').trim()
  return flat.length > 140 ? `${flat.slice(0, 139)}…` : flat
}
