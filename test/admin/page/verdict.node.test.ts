import { describe, expect, test } from 'vitest'
import type { Charts, Overview, Settings, ShardView, Task } from '../../../src/admin/page/api/wire.ts'
import { type Finding, type Known, verdict } from '../../../src/admin/page/health/verdict.ts'
import { type Counts, states } from '../../../src/admin/page/states/states.ts'

const now = Date.parse('2026-11-24T12:00:00Z')
const ago = (ms: number) => new Date(now - ms).toISOString()
const minute = 60_000

const none = Object.fromEntries(states.map((state) => [state, 0])) as Counts
const shard = (changes: Partial<ShardView> = {}): ShardView => ({
  shard: 0,
  states: none,
  runners: 1,
  wakeUps: { unanswered: 0, resent: 0 },
  bytes: 4_096,
  ...changes,
})
const overview = (shards: ShardView[] = [shard()], missing: number[] = []): Overview => ({
  states: none,
  shards,
  missing,
})
const settings = (changes: Partial<Settings> = {}): Settings => ({
  version: 1,
  paused: false,
  draining: false,
  tasks: {},
  ...changes,
})
const task = (changes: Partial<Task> = {}): Task => ({
  name: 'draw',
  served: true,
  limits: { code: {}, now: {} },
  paused: false,
  draining: false,
  counts: none,
  ...changes,
})

/** An hour in which a task fails by the minute as said, the newest last, and completes ten every minute. */
function charts(failed: number[], completed = 10): Charts {
  const steps = <T>(value: T) => new Array<T>(60).fill(value)
  return {
    span: 'hour',
    stepSeconds: 60,
    from: ago(60 * minute),
    to: ago(0),
    missing: [],
    bucketEndsMs: [10],
    tasks: {
      draw: {
        enqueued: steps(completed),
        completed: steps(completed),
        failed: [...steps(0), ...failed].slice(-60),
        expired: steps(0),
        queueMs: steps([0, 0]),
        runMs: steps([0, 0]),
      },
    },
  }
}

interface Case {
  readonly name: string
  readonly known: Known
  readonly says: readonly [Finding['level'], string][]
  readonly because: string
}

const cases: Case[] = [
  {
    name: 'nothing is wrong',
    known: { overview: overview(), settings: settings(), tasks: [task()], charts: charts([]) },
    says: [],
    because: 'silence is the good case',
  },
  {
    name: 'a shard is halted',
    known: { overview: overview([shard({ halted: true })]) },
    says: [['bad', 'The kill switch is on']],
    because: 'nothing gets done',
  },
  {
    name: 'a shard does not answer',
    known: { overview: overview([shard()], [3]) },
    says: [['bad', 'Shard 3 does not answer']],
    because: 'its jobs are not seen',
  },
  {
    name: 'two shards do not answer',
    known: { overview: overview([shard()], [3, 5]) },
    says: [['bad', 'Shards 3 and 5 do not answer']],
    because: 'each is named',
  },
  {
    name: 'no shard answers',
    known: { overview: overview([], [0, 1]) },
    says: [['bad', 'No shard answers']],
    because: 'counts of nothing would look like health',
  },
  {
    name: 'a job is ready for half a minute',
    known: { overview: overview([shard({ oldestReadyAt: ago(30_000) })]) },
    says: [],
    because: 'that is a queue',
  },
  {
    name: 'a job is ready for two minutes',
    known: { overview: overview([shard({ oldestReadyAt: ago(2 * minute) })]) },
    says: [['warn', 'The oldest ready job has waited 2 min']],
    because: 'it is worth a look',
  },
  {
    name: 'a job is ready for ten minutes',
    known: { overview: overview([shard({ oldestReadyAt: ago(10 * minute) })]) },
    says: [['bad', 'The oldest ready job has waited 10 min']],
    because: 'work does not get done',
  },
  {
    name: 'a job of a paused task is ready for ten minutes',
    known: {
      overview: overview([shard({ oldestReadyAt: ago(10 * minute) })]),
      settings: settings({ tasks: { draw: { paused: true } } }),
    },
    says: [
      ['warn', 'The oldest ready job has waited 10 min'],
      ['note', 'draw paused'],
    ],
    because: 'somebody wanted it so',
  },
  {
    name: 'everything is paused',
    known: { overview: overview(), settings: settings({ paused: true }) },
    says: [['warn', 'Everything is paused']],
    because: 'nobody pauses everything for long',
  },
  {
    name: 'a task drains',
    known: { overview: overview(), settings: settings({ tasks: { draw: { draining: true } } }) },
    says: [['note', 'draw draining']],
    because: 'somebody wanted it so',
  },
  {
    name: 'two attempts of many failed',
    known: { overview: overview(), charts: charts([2]) },
    says: [],
    because: 'retries are for that',
  },
  {
    name: 'a fifth of the attempts fails',
    known: { overview: overview(), charts: charts(new Array(15).fill(3)) },
    says: [['warn', 'draw fails at times']],
    because: 'a share of ten per cent is too much',
  },
  {
    name: 'most attempts fail',
    known: { overview: overview(), charts: charts(new Array(15).fill(40)) },
    says: [['bad', 'draw fails']],
    because: 'work does not get done',
  },
  {
    name: 'attempts failed half an hour ago',
    known: { overview: overview(), charts: charts([...new Array(10).fill(40), ...new Array(30).fill(0)]) },
    says: [],
    because: 'it is over',
  },
  {
    name: 'wake-ups were sent again once',
    known: { overview: overview([shard({ wakeUps: { unanswered: 1, resent: 1 } })]) },
    says: [],
    because: 'that happens, and mends itself',
  },
  {
    name: 'wake-ups are sent again and again',
    known: { overview: overview([shard({ shard: 4, wakeUps: { unanswered: 1, resent: 7 } })]) },
    says: [['warn', 'Wake-ups of shard 4 stay unanswered']],
    because: 'no runner takes what is there',
  },
  {
    name: 'an alarm is three minutes late',
    known: { overview: overview([shard({ alarmAt: ago(3 * minute) })]) },
    says: [['warn', 'The alarm of shard 0 did not ring']],
    because: 'the watchdog comes every minute',
  },
  {
    name: 'jobs wait for a task that no code serves',
    known: { overview: overview(), tasks: [task({ name: 'old', served: false, counts: { ...none, queued: 2 } })] },
    says: [['warn', 'No code serves old']],
    because: 'nobody will ever run them',
  },
  {
    name: 'ended jobs are kept of a task that is gone',
    known: { overview: overview(), tasks: [task({ served: false, counts: { ...none, completed: 9 } })] },
    says: [],
    because: 'they need nobody',
  },
]

describe('the verdict', () => {
  test.each(cases)('when $name: $because', ({ known, says }) => {
    expect(verdict(known, now).map(({ level, title }) => [level, title])).toEqual(says)
  })

  test('says since when a task fails: since the first failure after a time without failures', () => {
    const failed = [5, ...new Array(20).fill(0), 5, 0, 0, 5, 5, 5, 0, 5]
    expect(verdict({ overview: overview(), charts: charts(failed, 1) }, now)[0]?.since).toBe(now - 8 * minute)
  })

  test('puts the worst first', () => {
    const known = {
      overview: overview([shard({ halted: true })]),
      settings: settings({ tasks: { draw: { paused: true } } }),
    }
    expect(verdict(known, now).map(({ level }) => level)).toEqual(['bad', 'note'])
  })
})
