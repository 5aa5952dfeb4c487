/**
 * The promises, held against the books, the witness and what the client was told. Each check answers what speaks against
 * it; an empty list is a pass. The numbers are those of ARCHITECTURE.md.
 */
import { type Memory, unfinished } from './ledger-rows.ts'
import type { Load } from './load.ts'
import type { BookRow } from './shapes.ts'

export interface Evidence {
  readonly load: Load
  readonly memory: Memory
  /** The books once more, after one more crash. */
  readonly reread: Memory
  /** Background jobs that were asked for when nothing was killed any more. */
  readonly calm: readonly number[]
  /** Shards that were seen with work and without an alarm. */
  readonly unarmed: readonly string[]
  /** What the server logged that it never should. */
  readonly alarming: readonly string[]
}

type Check = (evidence: Evidence) => string[]

const finals = new Set(['completed', 'failed', 'cancelled'])
/** Clocks of two processes on one machine, and a timer that rounds down. */
const earlyMsMax = 20

export const checks: Readonly<Record<string, Check>> = {
  'I1: every accepted job is in the books and final': ({ load, memory }) => {
    const byId = indexed(memory.jobs)
    return [...load.promised.values()].flatMap(({ asked, id }) => {
      const row = byId.get(id)
      if (!row) return [`${id} (${asked.kind}) is lost`]
      if (row.task !== asked.kind || row.input.n !== asked.n) return [`${id} is ${show(row)}, not ${asked.n}`]
      return finals.has(row.state) ? [] : [show(row)]
    })
  },

  'I1: nothing at all is left unfinished, asked for or made by a job': ({ memory }) =>
    memory.jobs.filter(({ state }) => !finals.has(state)).map(show),

  'I1: every accepted job that completed has run': ({ memory }) => {
    const ran = new Set(memory.runs.map(({ job }) => job))
    return memory.jobs
      .filter(({ id, task, state }) => state === 'completed' && !task.endsWith('/onFailed') && !ran.has(id))
      .map(show)
  },

  'I3: final states are final, over one more crash': ({ memory, reread }) => {
    const after = indexed(reread.jobs)
    const changed = memory.jobs.filter((row) => JSON.stringify(after.get(row.id)) !== JSON.stringify(row))
    const more = reread.jobs.length - memory.jobs.length
    return [...changed.map(show), ...(more === 0 ? [] : [`${more} rows more than before`])]
  },

  'I4: attempts never exceed the maximum': ({ memory }) => [
    ...memory.jobs.filter(({ attempt, maxAttempts }) => attempt > maxAttempts).map(show),
    ...runsByJob(memory, ({ maxAttempts }, runs) => runs.length > maxAttempts),
  ],

  'I4: no attempt has run twice': ({ memory }) =>
    runsByJob(memory, (_, runs) => new Set(runs.map(({ attempt }) => attempt)).size < runs.length),

  'I4: a job fails only when its attempts are used, or its runner died in the last': ({ memory }) =>
    memory.jobs
      .filter(({ state }) => state === 'failed' || state === 'cancelled')
      .filter(({ task, state, reason, attempt, maxAttempts, history }) => {
        const hasLapsed = history.some(({ outcome }) => outcome === 'lapsed')
        const isExplained =
          reason === 'crashed' ? hasLapsed : reason === 'exhausted' && (hasLapsed || task === 'hopeless')
        return state === 'cancelled' || attempt < maxAttempts || !isExplained
      })
      .map(show),

  'I5: no job is in the books twice': ({ memory, load }) => {
    const asked = memory.jobs.filter(({ input }) => input.n !== undefined)
    const known = new Set([...load.promised.keys(), ...load.unknown.keys(), ...load.background])
    return [
      ...twice(memory.jobs, ({ id }) => id),
      ...twice(asked, ({ input }) => String(input.n)),
      ...asked.filter(({ input }) => (input.n ?? 0) > 0 && !known.has(input.n ?? 0)).map(show),
    ]
  },

  'I5: each idempotency key is one job': ({ memory, load }) => [
    ...load.wrong,
    ...twice(
      memory.jobs.filter(({ key }) => key !== undefined),
      ({ task, key }) => `${task} ${key}`,
    ),
  ],

  'I5: a job that was tried again has each child once': ({ memory }) => {
    const children = Map.groupBy(memory.jobs, ({ input }) => input.parent ?? '')
    return memory.jobs
      .filter(({ task }) => task === 'parent')
      .filter(({ id, state }) => {
        const count = children.get(id)?.length ?? 0
        return state === 'completed' ? count !== 2 : count > 2
      })
      .map((row) => `${show(row)} with ${children.get(row.id)?.length ?? 0} children`)
  },

  'every job that failed for good has told so, once': ({ memory }) => {
    const hooks = Map.groupBy(
      memory.jobs.filter(({ task }) => task === 'hopeless/onFailed'),
      ({ input }) => input.job?.id ?? '',
    )
    return memory.jobs
      .filter(({ task }) => task === 'hopeless')
      .filter(({ id }) => hooks.get(id)?.length !== 1 || hooks.get(id)?.[0]?.state !== 'completed')
      .map(show)
  },

  'a background job that failed on a live server is recorded, retried and done': ({ memory, calm }) => {
    const byNumber = new Map(memory.jobs.map((row) => [row.input.n, row]))
    return calm
      .filter((n) => byNumber.get(n)?.state !== 'completed' || byNumber.get(n)?.attempt !== 2)
      .map((n) => `${n}: ${byNumber.has(n) ? show(byNumber.get(n) as BookRow) : 'not recorded'}`)
  },

  'no delayed job ran before its time': ({ memory, load }) => {
    const byId = indexed(memory.jobs)
    const delayed = [...load.promised.values()].filter(({ asked }) => asked.delayMs !== undefined)
    const delays = new Map(delayed.map(({ asked, id }) => [id, asked.delayMs ?? 0]))
    return memory.runs.flatMap(({ job, at }) => {
      const delayMs = delays.get(job)
      if (delayMs === undefined) return []
      const earlyMs = (byId.get(job)?.createdAt ?? 0) + delayMs - at
      return earlyMs > earlyMsMax ? [`${job} ran ${earlyMs} ms early`] : []
    })
  },

  'I8: no shard with unfinished work was without an alarm': ({ unarmed, reread }) => [
    ...unarmed,
    ...reread.glance.shards
      .filter(({ states, alarmAt }) => unfinished(states) > 0 && alarmAt === undefined)
      .map(({ shard }) => `shard ${shard}, at the end`),
  ],

  'I12: the counts by state agree with the rows, also after a restart': ({ memory, reread }) =>
    [memory, reread].flatMap(({ glance, jobs }) =>
      Object.entries(glance.states).flatMap(([state, count]) => {
        const listed = jobs.filter((job) => job.state === state).length
        return listed === count ? [] : [`${count} ${state} in the overview, ${listed} in the list`]
      }),
    ),

  'no alarm failed and no ledger failed to open': ({ alarming }) => [...alarming],
}

function indexed(rows: readonly BookRow[]): Map<string, BookRow> {
  return new Map(rows.map((row) => [row.id, row]))
}

function twice(rows: readonly BookRow[], by: (row: BookRow) => string): string[] {
  return [...Map.groupBy(rows, by)]
    .filter(([, same]) => same.length > 1)
    .map(([name, same]) => `${name}: ${same.map(show).join(', ')}`)
}

function runsByJob(
  { jobs, runs }: Memory,
  isWrong: (row: BookRow, runs: readonly { readonly attempt: number }[]) => boolean,
): string[] {
  const ran = Map.groupBy(runs, ({ job }) => job)
  return jobs
    .filter((row) => isWrong(row, ran.get(row.id) ?? []))
    .map((row) => `${show(row)}, witnessed: ${ran.get(row.id)?.map(({ attempt }) => attempt)}`)
}

function show({ id, task, state, reason, attempt, maxAttempts, history }: BookRow): string {
  const past = history.map(({ attempt, outcome }) => `${attempt} ${outcome}`).join(', ')
  return `${id} ${task} ${state}${reason ? ` (${reason})` : ''} ${attempt}/${maxAttempts} [${past}]`
}
