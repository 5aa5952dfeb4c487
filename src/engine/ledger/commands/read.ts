/** The verbs that only read jobs. None scans a table that grows without a bound. */
import type { JobRecord } from '../../task/job.ts'
import { jobIdFloor, lesser, parseJobId, ulidOf } from '../domain/job-id.ts'
import { type JobRowWithInput, recordOf } from '../domain/row.ts'
import type { JobFilter, ListReply, ListRequest } from '../protocol/jobs.ts'
import type { Refusal } from '../protocol/refusal.ts'
import type { SearchRow } from '../storage/jobs.ts'
import type { Context } from '../transaction/context.ts'

/** Rows that one search looks at. A page that has found too little says how far it got. */
const searchMax = 2_000
/** Characters of inputs and outputs in one answer. An RPC carries 32 MiB. */
const pageCharsMax = 8 * 1024 * 1024

/** One job. */
export function getJob(context: Context, now: number, id: string): JobRecord | Refusal {
  const [row] = context.jobs.withInput([id])
  return row ? recordOf(row) : unknownJob(context, now, id)
}

/** The refusal of a job that is not here. It was pruned or never was; its id says which of the two is more likely. */
export function unknownJob({ defaultRetentionMs }: Context, now: number, id: string): Refusal {
  const madeAt = parseJobId(id)?.madeAt ?? now
  return madeAt < now - defaultRetentionMs
    ? { refused: 'gone', message: `job ${id} is older than jobs are kept` }
    : { refused: 'unknown-job', message: `there is no job ${id}` }
}

/** A page of this shard's jobs, newest first. */
export function listJobs(context: Context, _now: number, { limit, before, ...filter }: ListRequest): ListReply {
  const { from, below } = idsOf(context.shard, filter)
  const start = before === undefined ? below : lesser(below, `${context.shard}-${before}`)
  const searched = context.jobs.search(start, from, searchMax)
  const found = searched.filter((row) => isMeant(filter, row))
  const jobs: JobRowWithInput[] = []
  let chars = 0
  for (const { id } of found) {
    if (jobs.length >= limit || chars > pageCharsMax) break
    jobs.push(...context.jobs.withInput([id]))
    const last = jobs.at(-1)
    chars += (last?.input.length ?? 0) + (last?.output?.length ?? 0)
  }
  const isComplete = searched.length < searchMax && jobs.length === found.length
  const lastRead = jobs.length < found.length ? jobs.at(-1)?.id : searched.at(-1)?.id
  return {
    jobs: jobs.map(recordOf),
    ...(!isComplete && lastRead !== undefined && { searchedTo: ulidOf(lastRead) }),
  }
}

/** The range of ids that a filter's times leave: an id tells when its job was made. */
export function idsOf(shard: number, { createdFrom, createdBefore }: JobFilter): { from: string; below: string } {
  return {
    from: createdFrom === undefined ? `${shard}-` : jobIdFloor(shard, createdFrom),
    below: createdBefore === undefined ? `${shard}-~` : jobIdFloor(shard, createdBefore),
  }
}

/** True when every condition of the filter holds, its times left out. */
export function isMeant({ state, task, tag, key }: JobFilter, row: SearchRow): boolean {
  return (
    (state === undefined || row.state === state) &&
    (task === undefined || row.task === task) &&
    (key === undefined || row.key === key) &&
    (tag === undefined || (row.tags !== null && (JSON.parse(row.tags) as string[]).includes(tag)))
  )
}
