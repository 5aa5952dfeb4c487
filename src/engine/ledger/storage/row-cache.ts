/**
 * Rows in memory between two steps of their jobs: what was recorded a moment ago is claimed in a moment, and settled the
 * moment after. A row is taken in once its transaction has committed and dropped before it is written again, so that it
 * is always the committed one; and every write says which row it expects, so that a wrong one here could change nothing.
 */
import { isFinal } from '../../task/job.ts'
import type { JobRow, JobRowWithInput } from '../domain/row.ts'

/** Rows, and characters of text in one of them: a few megabytes together. */
const rowsMax = 4_000
const charsMax = 4_096

type Recent = JobRow & { readonly input?: string | undefined }

export class RowCache {
  readonly #rows = new Map<string, Recent>()

  /** A committed row. @param input its input, where that is known */
  keep(row: JobRow, input: string | undefined): void {
    if (isFinal(row.state) || isLarge(row, input)) {
      this.drop(row.id)
      return
    }
    if (this.#rows.size >= rowsMax && !this.#rows.has(row.id)) {
      // The oldest job that waits is the next to be served: those that are here stay. One that runs is needed sooner.
      if (row.state !== 'running') return
      for (const [oldest] of this.#rows) {
        this.#rows.delete(oldest)
        break
      }
    }
    // A step that brings a new input carries the old one along.
    this.#rows.set(row.id, (row as Recent).input === input ? row : { ...row, input })
  }

  /** It is about to be written, or gone. */
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

  /** All of them: for a check against what is stored. */
  all(): IterableIterator<JobRow> {
    return this.#rows.values()
  }
}

function isLarge({ history, progress, calls, tags, error }: JobRow, input = ''): boolean {
  return [input, history, progress, calls, tags, error].reduce((sum, text) => sum + (text?.length ?? 0), 0) > charsMax
}
