/** Finds jobs over all shards, and checks the filter by which they are found. */
import { parseJobId, ulidOf } from '../ledger/domain/job-id.ts'
import type { JobFilter as StoredFilter } from '../ledger/protocol/jobs.ts'
import { ChardError } from '../task/errors.ts'
import type { JobRecord, JobState } from '../task/job.ts'
import { refuse } from '../task/refuse.ts'
import type { Ledgers } from './ledgers.ts'

/** Which jobs are meant: those that match every condition given. */
export interface JobFilter {
  readonly state?: JobState
  readonly task?: string
  readonly tag?: string
  readonly idempotencyKey?: string
  /** Created at this time or later. */
  readonly createdAfter?: Date
  /** Created before this time. */
  readonly createdBefore?: Date
}

/** Which jobs to list, and how many. */
export interface JobQuery extends JobFilter {
  /** Jobs in a page: 1 to 100, default 20. A page of large jobs may hold fewer. */
  readonly limit?: number
  /** The `cursor` of the previous page. */
  readonly cursor?: string
}

/** One page of jobs, newest first. */
export interface JobList {
  readonly jobs: readonly JobRecord[]
  /** Present when there may be more: pass it on for the next page, even when `jobs` is empty. */
  readonly cursor?: string
  /** Shards that did not answer: their jobs are not in this page. */
  readonly missing: readonly number[]
}

const limitDefault = 20
const limitMax = 100

export class JobSearch {
  readonly #ledgers: Ledgers

  constructor(ledgers: Ledgers) {
    this.#ledgers = ledgers
  }

  /** @throws ChardError `invalid-option` */
  async list({ limit = limitDefault, cursor, ...filter }: JobQuery = {}): Promise<JobList> {
    if (!Number.isInteger(limit) || limit < 1 || limit > limitMax)
      refuse('limit', limit, `a whole number from 1 to ${limitMax}`)
    if (cursor !== undefined && !parseJobId(`0-${cursor}`))
      throw new ChardError('invalid-option', 'cursor is not one that a list has given')
    const request = { ...storedFilter(filter), limit, ...(cursor !== undefined && { before: cursor }) }
    const { answers, missing } = await this.#ledgers.all((ledger) => ledger.list(request))
    // Each shard was searched back to some id. Below the newest of those ids, another shard may have jobs not seen yet.
    const floor = answers.map(({ searchedTo }) => searchedTo ?? '').reduce((a, b) => (a > b ? a : b), '')
    const merged = answers.flatMap(({ jobs }) => jobs).sort((a, b) => (ulidOf(a.id) < ulidOf(b.id) ? 1 : -1))
    const complete = merged.filter(({ id }) => ulidOf(id) >= floor)
    const jobs = complete.slice(0, limit)
    const last = jobs.at(-1)
    const next = complete.length > limit && last ? ulidOf(last.id) : floor
    return { jobs, ...(next !== '' && { cursor: next }), missing }
  }
}

/** A filter as the ledgers take it. @throws ChardError `invalid-option` */
export function storedFilter({ idempotencyKey: key, createdAfter, createdBefore, ...rest }: JobFilter): StoredFilter {
  for (const [name, value] of Object.entries({ createdAfter, createdBefore })) {
    if (value !== undefined && !(value instanceof Date && Number.isFinite(value.getTime())))
      throw new ChardError('invalid-option', `${name} is ${String(value)}; it takes a valid Date`)
  }
  return {
    ...rest,
    ...(key !== undefined && { key }),
    ...(createdAfter && { createdFrom: createdAfter.getTime() }),
    ...(createdBefore && { createdBefore: createdBefore.getTime() }),
  }
}
