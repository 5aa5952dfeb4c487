/**
 * The storage of one ledger: SQLite in memory, as a Durable Object reaches it. Every row that is written is seen by
 * triggers, so that what is watched is what is on disk, whoever wrote it; what a rollback takes back was never seen.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { type Seen, seers, triggers } from './seen.ts'

export interface StorageFaults {
  /** Before a statement: throws when it fails. */
  readonly statement: (statement: string) => void
  /** After a commit. */
  readonly committed: (seen: readonly Seen[]) => void
}

export class Storage {
  readonly #database = new DatabaseSync(':memory:')
  readonly #prepared = new Map<string, StatementSync>()
  #seen: Seen[] = []
  #isWatched = false
  #depth = 0

  constructor(private readonly bytesFactor: number) {
    for (const [name, seen] of Object.entries(seers)) {
      this.#database.function(name, { varargs: true }, (...values: unknown[]) => {
        this.#seen.push(seen(values))
        return 0
      })
    }
  }

  /** Rows of a statement, without a fault. */
  all<Row>(statement: string, ...bindings: (string | number | null)[]): Row[] {
    let known = this.#prepared.get(statement)
    if (!known) {
      known = this.#database.prepare(statement)
      this.#prepared.set(statement, known)
    }
    return known.all(...bindings) as Row[]
  }

  get bytes(): number {
    const [page] = this.all<{ n: number }>(
      'SELECT (page_count - freelist_count) * page_size AS n FROM pragma_page_count, pragma_freelist_count, pragma_page_size',
    )
    return (page?.n ?? 0) * this.bytesFactor
  }

  exec<Row>(statement: string, bindings: (string | number | null)[], faults: StorageFaults): Row[] {
    faults.statement(statement)
    const rows = this.all<Row>(statement, ...bindings)
    if (this.#depth === 0) this.#commit(faults)
    return rows
  }

  transaction<T>(work: () => T, faults: StorageFaults): T {
    if (this.#depth > 0) throw new Error('a transaction inside a transaction')
    this.#database.exec('BEGIN')
    this.#depth++
    let result: T
    try {
      result = work()
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#seen = []
      this.#database.exec('ROLLBACK')
      throw error
    } finally {
      this.#depth--
    }
    this.#commit(faults)
    return result
  }

  close(): void {
    this.#prepared.clear()
    this.#database.close()
  }

  #commit(faults: StorageFaults): void {
    if (!this.#isWatched) this.#watch()
    const seen = this.#seen
    this.#seen = []
    if (seen.length > 0) faults.committed(seen)
  }

  /** The schema is the engine's own: its tables are watched from the moment they stand. */
  #watch(): void {
    if (this.all("SELECT 1 FROM sqlite_master WHERE name = 'bulks'").length === 0) return
    for (const trigger of triggers) this.#database.exec(trigger)
    this.#isWatched = true
  }
}
