/**
 * The storage of one ledger: SQLite in memory, as a Durable Object reaches it. Every row that is written is seen by
 * triggers, so that what is watched is what is on disk, whoever wrote it; what a rollback takes back was never seen.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite'

/** A row of a job as a watcher sees it. */
export interface SeenRow {
  readonly id: string
  readonly task: string
  readonly state: string
  readonly attempt: number
  readonly maxAttempts: number
  readonly lapses: number
  readonly refunds: number
  readonly dueAt: number | null
  readonly lease: string | null
  readonly leaseUntil: number | null
  readonly cancelling: number
  readonly finishedAt: number | null
  readonly output: string | null
  readonly key: string | null
  readonly priority: number
}

export type Seen =
  | { readonly kind: 'written'; readonly row: SeenRow }
  | { readonly kind: 'deleted'; readonly id: string }
  | { readonly kind: 'extended'; readonly runner: string; readonly until: number }
  | { readonly kind: 'forgotten'; readonly runner: string }

export interface StorageFaults {
  /** Before a statement: throws when it fails. */
  readonly statement: (statement: string) => void
  /** After a commit. */
  readonly committed: (seen: readonly Seen[]) => void
}

const columns: readonly string[] =
  'id task state attempt max_attempts lapses refunds due_at lease lease_until cancelling finished_at output key priority'.split(
    ' ',
  )
const jobsChanged = (what: 'INSERT' | 'UPDATE') =>
  `CREATE TEMP TRIGGER seen_${what} AFTER ${what} ON main.jobs BEGIN SELECT seen_written(${columns.map((name) => `NEW.${name}`)}); END`

const triggers: readonly string[] = [
  jobsChanged('INSERT'),
  jobsChanged('UPDATE'),
  'CREATE TEMP TRIGGER seen_delete AFTER DELETE ON main.jobs BEGIN SELECT seen_deleted(OLD.id); END',
  'CREATE TEMP TRIGGER seen_runner AFTER INSERT ON main.runners BEGIN SELECT seen_extended(NEW.runner, NEW.until); END',
  'CREATE TEMP TRIGGER seen_again AFTER UPDATE ON main.runners BEGIN SELECT seen_extended(NEW.runner, NEW.until); END',
  'CREATE TEMP TRIGGER seen_end AFTER DELETE ON main.runners BEGIN SELECT seen_forgotten(OLD.runner); END',
]

export class Storage {
  readonly #database = new DatabaseSync(':memory:')
  readonly #prepared = new Map<string, StatementSync>()
  #seen: Seen[] = []
  #isWatched = false
  #depth = 0

  constructor(private readonly bytesFactor: number) {
    const see = (name: string, seen: (...values: never[]) => Seen) =>
      this.#database.function(name, { varargs: true }, (...values: unknown[]) => {
        this.#seen.push(seen(...(values as never[])))
        return 0
      })
    see('seen_written', (...values: never[]) => ({ kind: 'written', row: rowOf(values) }))
    see('seen_deleted', (id: string) => ({ kind: 'deleted', id }))
    see('seen_extended', (runner: string, until: number) => ({ kind: 'extended', runner, until }))
    see('seen_forgotten', (runner: string) => ({ kind: 'forgotten', runner }))
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
    if (this.all("SELECT 1 FROM sqlite_master WHERE name = 'runners'").length === 0) return
    for (const trigger of triggers) this.#database.exec(trigger)
    this.#isWatched = true
  }
}

function rowOf(values: readonly unknown[]): SeenRow {
  const [id, task, state, attempt, maxAttempts, lapses, refunds, dueAt] = values
  const [lease, leaseUntil, cancelling, finishedAt, output, key, priority] = values.slice(8)
  return {
    id,
    task,
    state,
    attempt,
    maxAttempts,
    lapses,
    refunds,
    dueAt,
    lease,
    leaseUntil,
    cancelling,
    finishedAt,
    output,
    key,
    priority,
  } as SeenRow
}
