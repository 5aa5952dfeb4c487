/** The figures of a run: how many crashes, how long recovery took, and how often "at least once" was twice. */
import type { Recorded } from './ledger-rows.ts'
import type { Load } from './load.ts'
import type { RecordedJob } from './shapes.ts'

export interface Timeline {
  readonly kills: number
  readonly startedAt: number
  /** When the server was ready for the last time before everything was done. */
  readonly lastReadyAt: number
  readonly endedAt: number
  /** How long each restart took. */
  readonly restartsMs: readonly number[]
  /** Events of the engine's log, counted. */
  readonly events: ReadonlyMap<string, number>
}

export function figures(load: Load, { jobs, runs }: Recorded, time: Timeline): (readonly [string, string])[] {
  const byId = new Map(jobs.map((row) => [row.id, row]))
  const promised = [...load.promised.values()].flatMap(({ asked, id }) => {
    const row = byId.get(id)
    return row ? [{ asked, row }] : []
  })
  const inState = (state: string) => promised.filter(({ row }) => row.state === state)
  const failedFor = (reason: string) => inState('failed').filter(({ row }) => row.reason === reason).length

  const witnessed = Map.groupBy(runs, ({ job }) => job)
  const extra = jobs
    .map((row) => (witnessed.get(row.id)?.length ?? 0) - settledAttempts(row))
    .filter((more) => more > 0)
  const lapses = jobs.flatMap(({ history }) => history).filter(({ outcome }) => outcome === 'lapsed').length

  const waits = promised
    .flatMap(({ asked, row }) => {
      const first = witnessed.get(row.id)?.[0]
      return first ? [first.at - row.createdAt - (asked.delayMs ?? 0)] : []
    })
    .sort((a, b) => a - b)
  const ends = jobs.flatMap(({ finishedAt }) => finishedAt ?? []).sort((a, b) => a - b)
  const gaps = ends.map((at, index) => at - (ends[index - 1] ?? at))
  const recordedUnknown = jobs.filter(({ input }) => load.unknown.has(input.n ?? 0)).length
  const background = jobs.filter(({ task, input }) => task === 'background' && (input.n ?? 0) > 0)
  const ofTask = (name: string) => jobs.filter(({ task }) => task === name).length
  const restart = time.restartsMs.reduce((sum, ms) => sum + ms, 0) / time.restartsMs.length

  return [
    ['kills survived', String(time.kills)],
    ['accepted', `${load.promised.size}, of them lost ${load.promised.size - promised.length}`],
    ['completed', String(inState('completed').length)],
    ['failed', `${inState('failed').length}: ${failedFor('exhausted')} exhausted, ${failedFor('crashed')} crashed`],
    ['unknown', `${load.unknown.size} jobs without a key and an answer, of them recorded ${recordedUnknown}`],
    [
      'keys',
      `${ofAll(load).length} jobs, ${load.duplicates} answers that named one again; ${load.unanswered} requests unanswered`,
    ],
    ['made by jobs', `${ofTask('child')} children, ${ofTask('hopeless/onFailed')} onFailed`],
    ['background', `${load.background.size} accepted under fire, of them recorded after failing ${background.length}`],
    ['attempts lapsed', `${lapses}, whose runner a kill took`],
    [
      're-run',
      `${extra.length} jobs of ${jobs.length} (${percent(extra.length, jobs.length)}) ran more often than their records need: ${sum(extra)} runs of ${runs.length}`,
    ],
    [
      'waited to start',
      `median ${seconds(at(waits, 0.5))}, 99 % ${seconds(at(waits, 0.99))}, longest ${seconds(at(waits, 1))}`,
    ],
    [
      'longest gap',
      `${seconds(Math.max(0, ...gaps))} between two ends; all done ${seconds((ends.at(-1) ?? 0) - time.lastReadyAt)} after the last start`,
    ],
    ['restart', `${seconds(restart)} on average`],
    ['events', [...time.events].map(([event, count]) => `${event} ${count}`).join(', ') || 'none'],
    ['duration', seconds(time.endedAt - time.startedAt)],
  ]
}

/** Attempts whose end is recorded. Further runs left side effects that are not recorded. */
function settledAttempts({ history }: RecordedJob): number {
  return history.filter(({ outcome }) => outcome !== 'lapsed').length
}

function ofAll({ promised }: Load) {
  return [...promised.values()].filter(({ asked }) => asked.key !== undefined)
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`
}
