/**
 * Checks the promises against the records, the witness and what the client was told. Each check returns what contradicts its
 * promise; an empty list is a pass. The numbers are those of ARCHITECTURE.md.
 */
import { finalStates } from '../../src/engine/task/states.ts'
import { type Recorded, unfinished } from './ledger-rows.ts'
import type { Load } from './load.ts'
import type { RecordedJob } from './shapes.ts'

export interface Evidence {
  readonly load: Load
  readonly recorded: Recorded
  /** The records once more, after one more crash. */
  readonly reread: Recorded
  /** Background jobs that were enqueued when nothing was killed any more. */
  readonly calm: readonly number[]
  /** Shards that were seen with work and without an alarm. */
  readonly unarmed: readonly string[]
  /** What the server must never log, and has logged. */
  readonly alarming: readonly string[]
}

type Check = (evidence: Evidence) => string[]

const finals: ReadonlySet<string> = new Set(finalStates)
/** Clocks of two processes on one machine, and a timer that rounds down. */
const earlyMsMax = 20

export const checks: Readonly<Record<string, Check>> = {
  'I1: every accepted job is recorded and final': ({ load, recorded }) => {
    const byId = indexed(recorded.jobs)
    return [...load.promised.values()].flatMap(({ asked, id }) => {
      const row = byId.get(id)
      if (!row) return [`${id} (${asked.kind}) is lost`]
      if (row.task !== asked.kind || row.input.n !== asked.n) return [`${id} is ${show(row)}, not ${asked.n}`]
      return finals.has(row.state) ? [] : [show(row)]
    })
  },

  'I1: no job is unfinished, whether a client or a job enqueued it': ({ recorded }) =>
    recorded.jobs.filter(({ state }) => !finals.has(state)).map(show),

  'I1: every accepted job that completed has run': ({ recorded }) => {
    const ran = new Set(recorded.runs.map(({ job }) => job))
    return recorded.jobs
      .filter(({ id, task, state }) => state === 'completed' && !task.endsWith('/onFailed') && !ran.has(id))
      .map(show)
  },

  'I3: final states are final, over one more crash': ({ recorded, reread }) => {
    const after = indexed(reread.jobs)
    const changed = recorded.jobs.filter((row) => JSON.stringify(after.get(row.id)) !== JSON.stringify(row))
    const more = reread.jobs.length - recorded.jobs.length
    return [...changed.map(show), ...(more === 0 ? [] : [`${more} rows more than before`])]
  },

  'I4: attempts never exceed the maximum': ({ recorded }) => [
    ...recorded.jobs.filter(({ attempt, maxAttempts }) => attempt > maxAttempts).map(show),
    ...runsByJob(recorded, ({ maxAttempts }, runs) => runs.length > maxAttempts),
  ],

  'I4: no attempt has run twice': ({ recorded }) =>
    runsByJob(recorded, (_, runs) => new Set(runs.map(({ attempt }) => attempt)).size < runs.length),

  'I4: a job fails only when its attempts are used, or its runner died in the last': ({ recorded }) =>
    recorded.jobs
      .filter(({ state }) => state === 'failed' || state === 'cancelled')
      .filter(({ task, state, reason, attempt, maxAttempts, history }) => {
        const hasLapsed = history.some(({ outcome }) => outcome === 'lapsed')
        const isExplained =
          reason === 'crashed' ? hasLapsed : reason === 'exhausted' && (hasLapsed || task === 'hopeless')
        return state === 'cancelled' || attempt < maxAttempts || !isExplained
      })
      .map(show),

  'I5: no job is recorded twice': ({ recorded, load }) => {
    const asked = recorded.jobs.filter(({ input }) => input.n !== undefined)
    const known = new Set([...load.promised.keys(), ...load.unknown.keys(), ...load.background])
    return [
      ...twice(recorded.jobs, ({ id }) => id),
      ...twice(asked, ({ input }) => String(input.n)),
      ...asked.filter(({ input }) => (input.n ?? 0) > 0 && !known.has(input.n ?? 0)).map(show),
    ]
  },

  'I5: each idempotency key is one job': ({ recorded, load }) => [
    ...load.wrong,
    ...twice(
      recorded.jobs.filter(({ key }) => key !== undefined),
      ({ task, key }) => `${task} ${key}`,
    ),
  ],

  'I5: a job that was tried again has each child once': ({ recorded }) => {
    const children = Map.groupBy(recorded.jobs, ({ input }) => input.parent ?? '')
    return recorded.jobs
      .filter(({ task }) => task === 'parent')
      .filter(({ id, state }) => {
        const count = children.get(id)?.length ?? 0
        return state === 'completed' ? count !== 2 : count > 2
      })
      .map((row) => `${show(row)} with ${children.get(row.id)?.length ?? 0} children`)
  },

  'onFailed of every job that failed for good has run once': ({ recorded }) => {
    const hooks = Map.groupBy(
      recorded.jobs.filter(({ task }) => task === 'hopeless/onFailed'),
      ({ input }) => input.job?.id ?? '',
    )
    return recorded.jobs
      .filter(({ task }) => task === 'hopeless')
      .filter(({ id }) => hooks.get(id)?.length !== 1 || hooks.get(id)?.[0]?.state !== 'completed')
      .map(show)
  },

  'a background job that failed on a live server is recorded, retried and done': ({ recorded, calm }) => {
    const byNumber = new Map(recorded.jobs.map((row) => [row.input.n, row]))
    return calm
      .filter((n) => byNumber.get(n)?.state !== 'completed' || byNumber.get(n)?.attempt !== 2)
      .map((n) => `${n}: ${byNumber.has(n) ? show(byNumber.get(n) as RecordedJob) : 'not recorded'}`)
  },

  'no delayed job ran before its time': ({ recorded, load }) => {
    const byId = indexed(recorded.jobs)
    const delayed = [...load.promised.values()].filter(({ asked }) => asked.delayMs !== undefined)
    const delays = new Map(delayed.map(({ asked, id }) => [id, asked.delayMs ?? 0]))
    return recorded.runs.flatMap(({ job, at }) => {
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

  'I12: the counts by state agree with the rows, also after a restart': ({ recorded, reread }) =>
    [recorded, reread].flatMap(({ glance, jobs }) =>
      Object.entries(glance.states).flatMap(([state, count]) => {
        const listed = jobs.filter((job) => job.state === state).length
        return listed === count ? [] : [`${count} ${state} in the overview, ${listed} in the list`]
      }),
    ),

  'no alarm failed and no ledger failed to open': ({ alarming }) => [...alarming],
}

function indexed(rows: readonly RecordedJob[]): Map<string, RecordedJob> {
  return new Map(rows.map((row) => [row.id, row]))
}

function twice(rows: readonly RecordedJob[], by: (row: RecordedJob) => string): string[] {
  return [...Map.groupBy(rows, by)]
    .filter(([, same]) => same.length > 1)
    .map(([name, same]) => `${name}: ${same.map(show).join(', ')}`)
}

function runsByJob(
  { jobs, runs }: Recorded,
  isWrong: (row: RecordedJob, runs: readonly { readonly attempt: number }[]) => boolean,
): string[] {
  const ran = Map.groupBy(runs, ({ job }) => job)
  return jobs
    .filter((row) => isWrong(row, ran.get(row.id) ?? []))
    .map((row) => `${show(row)}, witnessed: ${ran.get(row.id)?.map(({ attempt }) => attempt)}`)
}

function show({ id, task, state, reason, attempt, maxAttempts, history }: RecordedJob): string {
  const past = history.map(({ attempt, outcome }) => `${attempt} ${outcome}`).join(', ')
  return `${id} ${task} ${state}${reason ? ` (${reason})` : ''} ${attempt}/${maxAttempts} [${past}]`
}
