/** The table of a run: which check found each planted bug, and after how many worlds. */
import type { Mutant } from './mutant.ts'
import type { Found } from './simulate.ts'

export interface Verdict {
  readonly found: Found | undefined
  /** The world that found the bug holds without it. */
  readonly isSound: boolean
  readonly seconds: number
  /** Why there is no answer. */
  readonly trouble?: string
}

const widths = [54, 14, 12, 7, 8] as const

export const heading = `${line(['planted bug', 'breaks', 'caught by', 'seeds', 'seconds'])}what was seen`

export function row({ name, breaks }: Mutant, { found, isSound, seconds, trouble }: Verdict, base: number): string {
  if (trouble !== undefined) {
    return `${line([name, breaks.join(' '), '', '', seconds.toFixed(1)])}NO ANSWER: ${oneLine(trouble)}`
  }
  if (!found) return `${line([name, breaks.join(' '), 'nothing', '', seconds.toFixed(1)])}IT LIVES`
  const caught = line([name, breaks.join(' '), found.invariant, String(found.seed - base + 1), seconds.toFixed(1)])
  return `${caught}${isSound ? '' : `THE ENGINE ITSELF FAILS IN SEED ${found.seed}: `}${oneLine(found.message)}`
}

/** What the same worlds have come to without a bug: a check that fails by itself finds nothing. */
export function closing(verdicts: readonly Verdict[]): string {
  const found = verdicts.filter((verdict) => verdict.found !== undefined)
  const broken = found.filter(({ isSound }) => !isSound).length
  const held = broken === 0 ? 'it holds in each' : `IT FAILS in ${broken}`
  return `\nThe engine itself was run in the ${found.length} worlds that found a bug: ${held}.`
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
