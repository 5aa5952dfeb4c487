/**
 * Rows in memory between two steps of their jobs: a job that was just recorded is claimed soon, and settled soon after. A row
 * enters once its transaction has committed, and is dropped before it is written again, so that it is always the committed row.
 * And every write says which row it expects, so that a wrong row here could change nothing.
 */
import { isFinal } from '../../task/job.ts'
import type { JobRow, JobRowWithInput } from '../domain/row.ts'

/** Rows, and characters of text in one row: a few megabytes together. */
const rowsMax = 4_000
const charsMax = 4_096

type CachedRow = JobRow & { readonly input?: string | undefined }

export class RowCache {
  readonly #rows = new Map<string, CachedRow>()

  /** Keeps a committed row. @param input its input, where that is known */
  keep(row: JobRow, input: string | undefined): void {
    if (isFinal(row.state) || isLarge(row, input)) {
      this.drop(row.id)
      return
    }
    if (this.#rows.size >= rowsMax && !this.#rows.has(row.id)) {
      // The oldest waiting job is served next, so the waiting jobs that are here stay. A running job is needed sooner.
      if (row.state !== 'running') return
      for (const [oldest] of this.#rows) {
        this.#rows.delete(oldest)
        break
      }
    }
    // A step that brings a new input has the old one in its row.
    this.#rows.set(row.id, (row as CachedRow).input === input ? row : { ...row, input })
  }

  /** The row is about to be written, or is gone. */
  drop(id: string): void {
    this.#rows.delete(id)
  }

  get(id: string): JobRow | undefined {
    return this.#rows.get(id)
  }

  /** A row whose input is known too. */
  withInput(id: string): JobRowWithInput | undefined {
    const row = this.#rows.get(id)
    return row?.input === undefined ? undefined : (row as JobRowWithInput)
  }

  /** All rows: for a check against what is stored. */
  all(): IterableIterator<JobRow> {
    return this.#rows.values()
  }
}

function isLarge({ history, progress, calls, tags, error }: JobRow, input = ''): boolean {
  return [input, history, progress, calls, tags, error].reduce((sum, text) => sum + (text?.length ?? 0), 0) > charsMax
}
