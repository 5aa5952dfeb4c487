/** The table of a run: which check found each planted bug, and after how many seeds. */
import type { Mutant } from './mutant.ts'
import type { Found } from './simulate.ts'

export interface Verdict {
  readonly name: string
  readonly found: Found | undefined
  /** True when the engine without the bug passes the seed that found it. */
  readonly isSound: boolean
  readonly seconds: number
  /** `good` when the remembered seed found it again. Otherwise the seeds were searched one by one. */
  readonly hint: 'none' | 'good' | 'stale'
  /** Why the run has no result. */
  readonly trouble?: string
}

const widths = [60, 14, 12, 14, 8] as const

export const heading = `${line(['planted bug', 'breaks', 'caught by', 'seed', 'seconds'])}what was seen`

export function row(
  { name, breaks }: Mutant,
  { found, isSound, seconds, hint, trouble }: Verdict,
  base: number,
): string {
  if (trouble !== undefined) {
    return `${line([name, breaks.join(' '), '', '', seconds.toFixed(1)])}NO RESULT: ${oneLine(trouble)}`
  }
  if (!found) return `${line([name, breaks.join(' '), 'nothing', '', seconds.toFixed(1)])}NOT FOUND`
  const seed = `${found.seed - base + 1}${hint === 'good' ? '' : ' searched'}`
  const caught = line([name, breaks.join(' '), found.invariant, seed, seconds.toFixed(1)])
  return `${caught}${isSound ? '' : `THE ENGINE FAILS SEED ${found.seed} WITHOUT THE BUG: `}${oneLine(found.message)}`
}

/** The result of the same seeds without a bug: a check that fails on a sound engine has found nothing. */
export function closing(verdicts: readonly Verdict[]): string {
  const found = verdicts.filter((verdict) => verdict.found !== undefined)
  const broken = found.filter(({ isSound }) => !isSound).length
  const held = broken === 0 ? 'it passed each' : `IT FAILED ${broken}`
  const known = found.filter(({ hint }) => hint === 'good').length
  return `
${known} were found with the remembered seed, ${found.length - known} by searching the seeds.${stale(verdicts)}
The engine without bugs was run with each seed that found one: ${held}.`
}

/** A stale seed makes a run slower, not worse. Whoever changed what happens in the worlds should know of it. */
function stale(verdicts: readonly Verdict[]): string {
  const names = verdicts.filter(({ hint }) => hint === 'stale').map(({ name }) => name)
  if (names.length === 0) return ''
  return `\nThe remembered seed no longer finds: ${names.join('; ')}. --remember writes down the seeds that do.`
}

function line(cells: readonly string[]): string {
  return cells
    .map((cell, index) => cell.padEnd(widths[index] ?? 0))
    .join(' ')
    .concat(' ')
}

/** A message may hold a whole diff: the table shows its beginning. */
function oneLine(text: string): string {
  const flat = text.replaceAll(/\s+/g, ' ').trim()
  return flat.length > 140 ? `${flat.slice(0, 139)}…` : flat
}
