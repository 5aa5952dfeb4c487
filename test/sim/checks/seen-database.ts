/**
 * A ledger's database that reports each row as it is written. Triggers report, so that the watch knows what is on disk,
 * whichever code has written it. What a rollback takes back is not reported.
 */
import { NodeDatabase } from '../../../src/testing/node-database.ts'
import { type Seen, seers, triggers } from './seen.ts'

export class SeenDatabase extends NodeDatabase {
  readonly #bytesFactor: number
  #seen: Seen[] = []
  #isWatched = false

  /** @param bytesFactor how many times larger the database looks than it is */
  constructor(bytesFactor: number) {
    super()
    this.#bytesFactor = bytesFactor
    for (const [name, seen] of Object.entries(seers)) {
      this.define(name, (...values) => {
        this.#seen.push(seen(values))
        return 0
      })
    }
  }

  /** What was committed since this was last called. */
  take(): readonly Seen[] {
    if (!this.#isWatched) this.#watch()
    const seen = this.#seen
    this.#seen = []
    return seen
  }

  override transaction<T>(work: () => T): T {
    try {
      return super.transaction(work)
    } catch (error) {
      this.#seen = []
      throw error
    }
  }

  override get bytes(): number {
    return super.bytes * this.#bytesFactor
  }

  /** The engine makes the tables itself. They are watched as soon as they are there. */
  #watch(): void {
    if (this.all("SELECT 1 FROM sqlite_master WHERE name = 'bulks'").length === 0) return
    for (const trigger of triggers) this.run(trigger)
    this.#isWatched = true
  }
}
