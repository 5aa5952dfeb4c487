/**
 * Compares memory and the alarm with what the rows say of limits, pauses, deadlines and schedules. It counts from rows
 * alone, so that it finds whatever memory has parked, forgotten or counted wrongly.
 */
import { type RateLog, roomLeft } from '../../../src/engine/ledger/domain/rate-log.ts'
import { isReady, type JobRowWithInput } from '../../../src/engine/ledger/domain/row.ts'
import { isPaused, limitsNow } from '../../../src/engine/ledger/domain/settings.ts'
import { isExpired } from '../../../src/engine/ledger/domain/transitions.ts'
import { isFinal } from '../../../src/engine/task/job.ts'
import type { GroupLimits } from '../../../src/engine/task/limits.ts'
import { jitterOffsetMs } from '../../../src/engine/task/schedule.ts'
import type { Rig } from './rig.ts'

/** How long after a limit's reset the alarm may ring: a runner that knows the reset is expected before. */
const graceMs = 5_000
/** The longest pause between two wake-ups without progress. */
const pauseMsMax = 5 * 60_000 + 1_000

/** How many jobs of a group may start now. A rate limit without a row has had no start. */
function roomOf(
  rig: Rig,
  { rate, concurrency }: GroupLimits,
  running: number,
  task: string,
  partition: string,
): number {
  const slots = (concurrency ?? Number.POSITIVE_INFINITY) - running
  const [log] = rig.sql.all<{ starts: string }>(
    'SELECT starts FROM limits WHERE task = ? AND partition = ?',
    task,
    partition,
  )
  const left = rate ? roomLeft(rate, log ? (JSON.parse(log.starts) as RateLog) : [], rig.now) : Number.POSITIVE_INFINITY
  return Math.min(slots, left)
}

/** What is wrong with limits, counts by task, deadlines and schedules now. */
export function brokenLimits(rig: Rig, rows: readonly JobRowWithInput[]): string[] {
  const { core, now } = rig
  const wrong: string[] = []
  const check = (holds: boolean, text: string) => holds || wrong.push(text)
  const running = rows.filter(({ state }) => state === 'running')
  const alarmAt = rig.alarmAt ?? Number.POSITIVE_INFINITY

  for (const [task, own] of Object.entries(core.memory.counts.byTask()))
    for (const [state, count] of Object.entries(own))
      check(
        rows.filter((row) => row.task === task && row.state === state).length === count,
        `I12: the count of ${task} in ${state} is ${count}`,
      )

  const runningOf = (task: string, partition?: string) =>
    running.filter((row) => row.task === task && (partition === undefined || row.partition === partition)).length
  for (const { task, partition } of rows) {
    check(core.memory.running.count(task) === runningOf(task), `I7: memory counts other jobs of ${task}`)
    if (partition !== '')
      check(
        core.memory.running.count(task, partition) === runningOf(task, partition),
        `I7: memory counts other jobs of ${task} ${partition}`,
      )
    const { whole, each } = limitsNow(core.settings, task, rig.limitsOf(task))
    const wholeMax = whole.concurrency ?? Number.POSITIVE_INFINITY
    const eachMax = (partition !== '' && each.concurrency) || Number.POSITIVE_INFINITY
    // A limit that a person has lowered does not stop the jobs that run already.
    if (core.settings.version === 0) {
      check(runningOf(task) <= wholeMax, `I7: ${runningOf(task)} of ${task} run`)
      check(runningOf(task, partition) <= eachMax, `I7: ${runningOf(task, partition)} of ${task} ${partition} run`)
    }
  }

  const waiting = rows.filter((row) => isReady(row, now) && !isExpired(row, now))
  const startable = waiting.filter(({ task, partition }) => {
    if (core.isHalted || isPaused(core.settings, task)) return false
    const { whole, each } = limitsNow(core.settings, task, rig.limitsOf(task))
    if (roomOf(rig, whole, runningOf(task), task, '') < 1) return false
    return partition === '' || roomOf(rig, each, runningOf(task, partition), task, partition) >= 1
  })
  // A group that has reset stays parked until the next load. The rig loads before it calls this.
  const available = core.parkAndCount(now)
  if (waiting.length === rows.filter((row) => isReady(row, now)).length)
    check(
      available > 0 === startable.length > 0,
      `I10: ${startable.length} could start, and memory offers ${available}`,
    )
  const isLimited = startable.every(({ task }) => rig.limitsOf(task) !== undefined)
  if (startable.length > 0)
    check(
      alarmAt <= Math.max(now + (isLimited ? graceMs : 500), Math.min(rig.armedByRing, now + pauseMsMax)),
      'I8: no alarm in time for the jobs that could start',
    )
  const resetsAt = core.limitCheckAt(now)
  if (startable.length === 0 && resetsAt !== undefined)
    check(alarmAt <= Math.max(resetsAt, now) + graceMs, 'I8: no alarm in time for the reset of a limit')

  for (const row of rows) {
    if (isFinal(row.state) || row.state === 'running' || row.startedAt !== null || row.expiresAt === null) continue
    const lookAt = isReady(row, now) ? row.expiresAt : Math.max(row.expiresAt, row.dueAt ?? 0)
    check(alarmAt <= Math.max(lookAt, now + 500), `I8: no alarm in time for the deadline of ${row.id}`)
  }
  for (const row of rig.sql.all<{ name: string; nextAt: number | null; paused: number; stopped: string | null }>(
    'SELECT name, next_at AS nextAt, paused, stopped FROM schedules',
  )) {
    const known = rig.schedules.find(({ name }) => name === row.name)
    if (!known || row.nextAt === null || row.paused !== 0 || row.stopped !== null) continue
    check(alarmAt <= row.nextAt + jitterOffsetMs(row.name, known.jitterMs), `I8: no alarm for schedule ${row.name}`)
  }
  return wrong
}
