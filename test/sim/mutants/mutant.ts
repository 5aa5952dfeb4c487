/**
 * A planted bug: a small edit of the engine's source, as somebody could have written it. The simulator is built with
 * the edit in it and must find it; a simulator that finds nothing proves nothing.
 */

/** One place of the source, found by its text. */
export interface Edit {
  /** Under `src/engine`. */
  readonly file: string
  /** Occurs exactly once in that file. */
  readonly find: string
  readonly replace: string
}

export interface Mutant {
  readonly name: string
  /** The promises it breaks, by their numbers. Any of them may be the one that is seen to break. */
  readonly breaks: readonly Promised[]
  /** Where in the field this very mistake was made, and what it did there. */
  readonly seen: string
  /** Sought among the runs that make what it needs, see `plan-silence.ts`; otherwise among all. */
  readonly among?: 'silence'
  /** Several only where one mechanism covers for another, and the bug is that both are missing. */
  readonly edits: readonly Edit[]
}

export type Promised = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10' | 'I11' | 'I12' | 'I13'

/** The source of one file with a mutant's edits of it. Throws where the source has moved on from under an edit. */
export function planted({ name, edits }: Mutant, file: string, source: string): string {
  return edits
    .filter((edit) => edit.file === file)
    .reduce((text, { find, replace }) => {
      const times = text.split(find).length - 1
      if (times !== 1)
        throw new Error(`${name}: in ${file} its text occurs ${times} times; it must occur once:\n${find}`)
      // As a function, so that a `$` in the replacement is itself.
      return text.replace(find, () => replace)
    }, source)
}

/** The files a mutant edits. */
export function filesOf({ edits }: Mutant): string[] {
  return [...new Set(edits.map(({ file }) => file))]
}
