/**
 * A planted bug: a small edit of the engine's source, such as somebody could have made by mistake. The simulator is
 * built with the edit in it and must find it: a simulator that finds nothing proves nothing.
 */
import { type Edit, spliced, spliceOf } from './edit.ts'
import type { Engine } from './symbols.ts'

export interface Mutant {
  readonly name: string
  /** The numbers of the promises it breaks. Any of them may be the one that the simulator sees broken. */
  readonly breaks: readonly Promised[]
  /** Where in the field this mistake was made, and what it did there. */
  readonly seen: string
  /** The kind of runs that make what the bug needs, see `plan-silence.ts`. Left out, all runs are searched. */
  readonly among?: 'silence'
  /** Several only where one mechanism covers for another, so that the bug is that both are missing. */
  readonly edits: readonly Edit[]
}

export type Promised = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10' | 'I11' | 'I12' | 'I13'

/**
 * The files of the engine that a mutant changes, with the bug in them: text by path.
 * @throws when the engine no longer has a place that the mutant names, or has it more than once
 */
export function planted({ name, edits }: Mutant, engine: Engine): Map<string, string> {
  try {
    const byFile = Map.groupBy(
      edits.map((edit) => spliceOf(engine, edit)),
      ({ file }) => file,
    )
    return new Map(
      [...byFile].map(([file, splices]) => [file, spliced(engine.files.get(file)?.text ?? '', splices)] as const),
    )
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
