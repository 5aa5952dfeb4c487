/** The verbs that only read. None scans a table that grows without a bound. */
import type { CoreParts } from './core.ts'
import { parseJobId, ulidOf } from './job-id.ts'
import type { ListReply, ListRequest, Refusal } from './protocol.ts'
import { type JobRowWithInput, recordOf } from './row.ts'

/** Rows one search looks at. A page that found too little says how far it got. */
const searchMax = 2_000
/** Characters of inputs and outputs in one answer. An RPC carries 32 MiB. */
const pageCharsMax = 8 * 1024 * 1024

export function get(core: CoreParts, now: number, id: string): JobRowWithInput | Refusal {
  return core.jobs.withInput([id])[0] ?? refusedUnknown(core, now, id)
}

/** A job that is not here was either pruned or never was; its id says which is more likely. */
export function refusedUnknown(core: CoreParts, now: number, id: string): Refusal {
  const madeAt = parseJobId(id)?.madeAt ?? now
  return madeAt < now - core.defaultRetentionMs
    ? { refused: 'gone', message: `job ${id} is older than jobs are kept` }
    : { refused: 'unknown-job', message: `there is no job ${id}` }
}

/** A page of this shard's jobs, newest first. */
export function list(core: CoreParts, { state, task, tag, key, limit, before }: ListRequest): ListReply {
  const below = before === undefined ? `${core.shard}-~` : `${core.shard}-${before}`
  const searched = core.jobs.search(below, searchMax)
  const found = searched.filter(
    (row) =>
      (state === undefined || row.state === state) &&
      (task === undefined || row.task === task) &&
      (key === undefined || row.key === key) &&
      (tag === undefined || (row.tags !== null && (JSON.parse(row.tags) as string[]).includes(tag))),
  )
  const jobs: JobRowWithInput[] = []
  let chars = 0
  for (const { id } of found) {
    if (jobs.length >= limit || chars > pageCharsMax) break
    jobs.push(...core.jobs.withInput([id]))
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
