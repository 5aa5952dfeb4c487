/**
 * Whether anything is wrong, where, and since when: what the banner says, the worst first. Pure: it uses answers of the API and the
 * time. Each finding names one thing, and links to one view.
 */
import type { Charts, Overview, Settings, ShardView, Task } from '../api/wire.ts'
import { failures } from '../charts/series.ts'
import { jobsHash, overviewHash, taskHash } from '../shell/route.ts'
import { liveStates, unfinished } from '../states/states.ts'
import { counted, duration } from './time.ts'

export interface Finding {
  /** `bad`: work is not done. `warn`: soon it may not be done. `note`: a person has set it so. */
  readonly level: 'bad' | 'warn' | 'note'
  readonly title: string
  readonly detail: string
  /** Epoch milliseconds. */
  readonly since?: number
  readonly href?: string
  readonly remedy?: 'switch-off' | 'resume-all'
}

/** What is known. What has not been answered yet, or what the API does not have, is absent. */
export interface Known {
  readonly overview: Overview
  readonly settings?: Settings | undefined
  readonly tasks?: readonly Task[] | undefined
  /** Of the last hour. */
  readonly charts?: Charts | undefined
}

/** How long a ready job may wait before it is worth a look, and before it is a problem. */
export const oldMs = { warn: 60_000, bad: 5 * 60_000 }
/** Failures in the last minutes are a finding when there are this many, and by their share of all attempts. */
export const failing = { minutes: 15, countMin: 3, shareWarn: 0.1, shareBad: 0.5 }
/** A wake-up is sent again now and then. So often in a row, it means that runners find nothing that they can run. */
const resentMin = 3
/** An alarm this late did not ring. The watchdog arms it within a minute. */
const alarmLateMs = 2 * 60_000

export function verdict(known: Known, now: number): Finding[] {
  const findings = [
    ...halted(known.overview),
    ...missing(known.overview),
    ...settingsFindings(known.settings),
    ...oldest(known, now),
    ...(known.charts ? failingTasks(known.charts) : []),
    ...known.overview.shards.flatMap((shard) => unanswered(shard, now)),
    ...(known.tasks ?? []).flatMap(unserved),
  ]
  const order = { bad: 0, warn: 1, note: 2 }
  return findings.sort((a, b) => order[a.level] - order[b.level])
}

/** One line for when nothing is wrong: what has been checked. */
export function calm({ overview }: Known): string {
  const live = unfinished(overview.states)
  if (live === 0) return 'Nothing waits and nothing runs.'
  const parts = liveStates
    .filter((state) => overview.states[state] > 0)
    .map((state) => `${counted(overview.states[state], 'job')} ${state}`)
  return `${parts.join(', ')}.`
}

/** The job that has been ready for longest, and where it is. */
export function oldestReady({ shards }: Overview): { readonly at: number; readonly shard: number } | undefined {
  return shards
    .flatMap(({ shard, oldestReadyAt }) => (oldestReadyAt ? [{ at: Date.parse(oldestReadyAt), shard }] : []))
    .sort((a, b) => a.at - b.at)[0]
}

function halted({ shards }: Overview): Finding[] {
  const count = shards.filter((shard) => shard.halted).length
  if (count === 0) return []
  const where = count === shards.length ? 'Every shard' : `${count} of ${counted(shards.length, 'shard')}`
  return [
    {
      level: 'bad',
      title: 'The kill switch is on',
      detail: `${where} gives out nothing, sends nothing and arms nothing. Jobs are still accepted.`,
      remedy: 'switch-off',
    },
  ]
}

function missing({ missing, shards }: Overview): Finding[] {
  if (missing.length === 0) return []
  const some = shards.length > 0
  return [
    {
      level: 'bad',
      title: some
        ? `${names('Shard', missing)} ${missing.length === 1 ? 'does' : 'do'} not answer`
        : 'No shard answers',
      detail: some ? 'Their jobs are not shown. Every update asks them again.' : 'Nothing is known.',
    },
  ]
}

function settingsFindings(settings: Settings | undefined): Finding[] {
  if (!settings) return []
  const named = (what: 'paused' | 'draining') =>
    Object.keys(settings.tasks)
      .filter((name) => settings.tasks[name]?.[what])
      .sort()
  const [paused, draining] = [named('paused'), named('draining')]
  const notes: Finding[] = []
  if (settings.paused) {
    const detail = 'No attempts start. Jobs are accepted and wait.'
    notes.push({ level: 'warn', title: 'Everything is paused', detail, remedy: 'resume-all' })
  }
  if (settings.draining) {
    const detail = 'New jobs are refused, and the others are worked off.'
    notes.push({ level: 'warn', title: 'Everything is draining', detail, remedy: 'resume-all' })
  }
  const href = ([task = '', ...more]: string[]) => (more.length === 0 ? taskHash(task) : overviewHash('hour'))
  if (paused.length > 0) {
    const detail = 'New jobs are accepted and wait.'
    notes.push({ level: 'note', title: `${paused.join(', ')} paused`, detail, href: href(paused) })
  }
  if (draining.length > 0) {
    const detail = 'New jobs are refused.'
    notes.push({ level: 'note', title: `${draining.join(', ')} draining`, detail, href: href(draining) })
  }
  return notes
}

function oldest({ overview, settings, tasks }: Known, now: number): Finding[] {
  const found = oldestReady(overview)
  if (!found || now - found.at < oldMs.warn) return []
  const held = settings?.paused || Object.values(settings?.tasks ?? {}).some(({ paused }) => paused)
  const limited = (tasks ?? []).some(({ limits, counts }) => counts.queued > 0 && Object.keys(limits.now).length > 0)
  const shard = overview.shards.find(({ shard }) => shard === found.shard)
  const why = held
    ? 'A task is paused, which may be the reason.'
    : shard?.runners === 0
      ? 'No runner is at work there: look at the queue’s consumer.'
      : limited
        ? 'Runners are at work; a limit may hold it back.'
        : 'Runners are at work: there is more to do than they manage.'
  return [
    {
      // Where people or limits hold work back, a wait is intended.
      level: now - found.at >= oldMs.bad && !held && !limited ? 'bad' : 'warn',
      title: `The oldest ready job has waited ${duration(now - found.at)}`,
      detail: `On shard ${found.shard}. ${why}`,
      since: found.at,
      href: jobsHash({ state: 'queued' }),
    },
  ]
}

/** Tasks whose attempts fail too often at present. */
function failingTasks(charts: Charts): Finding[] {
  const newest = Math.ceil((failing.minutes * 60) / charts.stepSeconds)
  return Object.entries(charts.tasks).flatMap(([task, chart]) => {
    const byStep = failures(chart)
    const failed = sum(byStep.slice(-newest))
    const ended = failed + sum(chart.completed.slice(-newest))
    const share = failed / ended
    if (failed < failing.countMin || share < failing.shareWarn) return []
    return [
      {
        level: share >= failing.shareBad ? 'bad' : 'warn',
        title: share >= failing.shareBad ? `${task} fails` : `${task} fails at times`,
        detail: `${failed} of ${counted(ended, 'attempt')} in the last ${failing.minutes} minutes did not succeed.`,
        since: Date.parse(charts.from) + beginning(byStep) * charts.stepSeconds * 1_000,
        href: jobsHash({ state: 'failed', task }),
      } satisfies Finding,
    ]
  })
}

/** The step at which the newest series of failures began. A few steps without failures do not end it. */
function beginning(byStep: readonly number[]): number {
  const quietMax = 5
  let begun = byStep.findLastIndex((count) => count > 0)
  for (let step = begun; step >= 0 && begun - step <= quietMax; step--) if ((byStep[step] ?? 0) > 0) begun = step
  return begun
}

function unanswered({ shard, wakeUps, alarmAt, halted }: ShardView, now: number): Finding[] {
  if (halted) return []
  if (wakeUps.resent >= resentMin) {
    const detail = `Sent ${wakeUps.resent} times in a row: no runner comes, or none that can take what is there.`
    return [{ level: 'warn', title: `Wake-ups of shard ${shard} stay unanswered`, detail, href: overviewHash('hour') }]
  }
  const late = alarmAt === undefined ? 0 : now - Date.parse(alarmAt)
  if (late < alarmLateMs) return []
  const detail = 'The watchdog arms it again within a minute, where the cron trigger is set.'
  return [{ level: 'warn', title: `The alarm of shard ${shard} did not ring`, detail, since: now - late }]
}

function unserved({ name, served, counts }: Task): Finding[] {
  const waiting = unfinished(counts)
  if (served || waiting === 0) return []
  return [
    {
      level: 'warn',
      title: `No code serves ${name}`,
      detail: `${counted(waiting, 'job')} ${waiting === 1 ? 'waits' : 'wait'} for it: deploy the task, or cancel the jobs.`,
      href: jobsHash({ task: name }),
    },
  ]
}

function names(noun: string, numbers: readonly number[]): string {
  if (numbers.length === 1) return `${noun} ${numbers[0]}`
  return `${noun}s ${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)}`
}

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0)
}
