/** The parts of a measure: its figures, and for each contender a function that takes one sample of them. */

/** The size of a run, and its options. */
export interface Sizes {
  /** Small numbers, to check that everything works. */
  readonly quick: boolean
  /** The number of Chard's ledgers. */
  readonly shards: number
  /** The file to which a CPU profile of the Worker is written. */
  readonly cpuProfile?: string
}

/** The figures of one round of one contender, by name. */
export type Sample = Readonly<Record<string, number>>

export interface Figure {
  readonly unit: string
  readonly better: 'more' | 'less'
}

export interface Measure {
  /** The name on the command line. */
  readonly name: string
  readonly title: string
  /** How it is measured, in a sentence. */
  readonly about: string
  readonly figures: Readonly<Record<string, Figure>>
  /** Fewer rounds for a measure that takes minutes. */
  readonly roundsMax?: number
  /** The targets for Chard. */
  readonly levels: readonly Level[]
  readonly contenders: Readonly<Record<string, (sizes: Sizes) => Promise<Sample>>>
}

/** A target for one of Chard's figures: a number, or a multiple of another contender's figure. */
export interface Level {
  readonly figure: string
  readonly is: 'at least' | 'at most'
  /** In the figure's unit, or with `of` as a multiple of that contender's figure. */
  readonly value: number
  /** The contender whose figure of the same name is the reference. */
  readonly of?: string
}
