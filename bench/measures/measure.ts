/** What a measure is: some figures, and for each contender a function that takes one sample of them. */

/** How much of everything, and what was asked for besides. */
export interface Sizes {
  /** Small numbers, to see that everything works. */
  readonly quick: boolean
  /** Ledgers of Chard. */
  readonly shards: number
  /** Where a CPU profile of the Worker goes. */
  readonly cpuProfile?: string
}

/** One round of one contender: its figures by name. */
export type Sample = Readonly<Record<string, number>>

export interface Figure {
  readonly unit: string
  readonly better: 'more' | 'less'
}

export interface Measure {
  /** As the command line knows it. */
  readonly name: string
  readonly title: string
  /** What is done, in a sentence. */
  readonly about: string
  readonly figures: Readonly<Record<string, Figure>>
  /** A measure of minutes is not repeated as often as one of seconds. */
  readonly roundsMax?: number
  /** What Chard is held to. */
  readonly levels: readonly Level[]
  readonly contenders: Readonly<Record<string, (sizes: Sizes) => Promise<Sample>>>
}

/** A promise about one of Chard's figures: against another contender's, against another of its own, or a number. */
export interface Level {
  readonly figure: string
  readonly is: 'at least' | 'at most'
  /** As it is, or as a multiple of what it is held against. */
  readonly value: number
  /** Another contender, whose same figure it is held against. */
  readonly of?: string
}
