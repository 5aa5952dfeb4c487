import { describe, expect, test } from 'vitest'
import { production } from '../../../../src/engine/ledger/domain/sizes.ts'
import { type Ended, type Group, Limits } from '../../../../src/engine/ledger/memory/limits.ts'
import { Memory } from '../../../../src/engine/ledger/memory/memory.ts'
import type { Admission } from '../../../../src/engine/ledger/memory/ready-index.ts'
import { migrate } from '../../../../src/engine/ledger/storage/schema.ts'
import { limitStatements } from '../../../../src/engine/ledger/storage/small-tables.ts'
import { type CheckedLimits, checkedLimits, type TaskLimits } from '../../../../src/engine/task/limits.ts'
import { nodeSql } from '../../../../src/testing/node-database.ts'

const whole: Group = { task: 'send', partition: '' }
const [p, q] = ['p', 'q'].map((partition) => ({ task: 'send', partition })) as [Group, Group]
const start = 1_900_000_000_000

/** The limits of one task, with a database and a clock. */
class Scene {
  now = start
  declared: CheckedLimits
  readonly memory = new Memory(production)
  readonly sql = nodeSql()
  limits: Limits
  #count = 0

  constructor(limits: TaskLimits) {
    migrate(this.sql, this.now)
    this.declared = checkedLimits(limits, 'send')
    this.limits = this.#opened()
  }

  /** The object loses the logs in its memory. The running jobs are known, as after a load of their rows. */
  restart(): void {
    this.limits = this.#opened()
  }

  /** Claims up to `count` jobs of a group, as far as the limits allow. Returns how many it has claimed. */
  claim(count: number, { task, partition }: Group = whole, fails = false): number {
    const admission = this.limits.admission(this.now)
    let claimed = 0
    while (claimed < count && room(admission, { task, partition }) >= 1) {
      admission.take(task, partition)
      claimed++
    }
    const effects: (() => void)[] = []
    const tx = { now: this.now, onCommit: (effect: () => void) => effects.push(effect) }
    const write = () =>
      this.sql.transaction(() => {
        this.limits.recordStarts(tx, Array(claimed).fill({ task, partition }))
        if (fails) throw new Error('disk I/O error')
      })
    if (fails) expect(write).toThrow('disk I/O error')
    else {
      write()
      for (const effect of effects) effect()
      for (let n = 0; n < claimed; n++) this.run({ task, partition })
    }
    return claimed
  }

  run({ task, partition }: Group): string {
    const id = `j${this.#count++}`
    const lease = { lease: 'r.1.x', leaseUntil: start + 99_999, startedAt: this.now }
    this.memory.running.set({ id, task, partition, due: false, cancelling: false, ...lease })
    return id
  }

  room(group: Group, ended?: Ended): number {
    return room(this.limits.admission(this.now, ended), group)
  }

  rows(): { partition: string; starts: string; spent_at: number }[] {
    return this.sql
      .all<{ partition: string; starts: string; spent_at: number }>('SELECT * FROM limits ORDER BY partition')
      .map((row) => ({ partition: row.partition, starts: row.starts, spent_at: row.spent_at - start }))
  }

  #opened(): Limits {
    return new Limits(limitStatements(this.sql), this.memory.running, () => this.declared)
  }
}

function room(admission: Admission, { task, partition }: Group): number {
  return Math.min(admission.room(task), admission.roomOf(task, partition))
}

const perSecond = { limit: 3, per: '1s' } as const

describe('limits', () => {
  test.each<[limits: TaskLimits, of: Group, room: number, because: string]>([
    [{}, whole, Number.POSITIVE_INFINITY, 'no limit is declared'],
    [{ rateLimit: perSecond }, whole, 3, 'the rate limit of the task holds'],
    [{ concurrency: 2 }, whole, 2, 'the concurrency limit of the task holds'],
    [{ rateLimit: perSecond, concurrency: 2 }, whole, 2, 'the smaller of two limits holds'],
    [{ rateLimit: perSecond }, p, 3, 'the limit of a task holds for its partitions too'],
    [{ perPartition: { rateLimit: perSecond } }, whole, Number.POSITIVE_INFINITY, 'the task as a whole has no limit'],
    [{ perPartition: { rateLimit: perSecond } }, p, 3, 'each partition has a limit of its own'],
    [{ concurrency: 9, perPartition: { concurrency: 1 } }, p, 1, 'the limits of the task and of the partition hold'],
  ])('of %j leave %j room for %d, because %s', (limits, group, expected) => {
    expect(new Scene(limits).room(group)).toBe(expected)
  })

  test('let a claim of many jobs through up to the rate limit, and then no job until the window is over', () => {
    const scene = new Scene({ rateLimit: perSecond })
    expect([scene.claim(9), scene.claim(9)]).toEqual([3, 0])
    scene.now += 999
    expect(scene.claim(9)).toBe(0)
    scene.now += 1
    expect(scene.claim(9)).toBe(3)
  })

  test('count the starts of each partition separately, and also with those of the task', () => {
    const scene = new Scene({ rateLimit: { limit: 5, per: '1s' }, perPartition: { rateLimit: perSecond } })
    expect([scene.claim(9, p), scene.claim(9, q)]).toEqual([3, 2])
    expect(scene.rows().map(({ partition, starts }) => [partition, JSON.parse(starts)])).toEqual([
      ['', [[start, 5]]],
      ['p', [[start, 3]]],
      ['q', [[start, 2]]],
    ])
  })

  test('cost a claim one row for each group with a rate limit, however many jobs it starts, and no other row', () => {
    const scene = new Scene({
      rateLimit: { limit: 1_000, per: '1s' },
      concurrency: 1_000,
      perPartition: { concurrency: 500 },
    })
    const before = scene.sql.rowsWritten()
    scene.claim(400, p)
    expect(scene.sql.rowsWritten() - before).toBe(1)
    expect(scene.rows()).toEqual([{ partition: '', starts: JSON.stringify([[start, 400]]), spent_at: 1_000 }])
  })

  test('count every start when the ledger restarts between two claims', () => {
    const scene = new Scene({ rateLimit: perSecond, perPartition: { rateLimit: { limit: 2, per: '10s' } } })
    expect(scene.claim(2, p)).toBe(2)
    scene.now += 500
    scene.restart()
    expect([scene.claim(9, p), scene.claim(9, q)]).toEqual([0, 1])
    scene.restart()
    scene.now += 499
    expect(scene.claim(9, q)).toBe(0)
    scene.now += 1
    expect([scene.claim(9, p), scene.claim(9, q)]).toEqual([0, 1])
  })

  test('count no start of a claim that is rolled back, neither in memory nor on disk', () => {
    const scene = new Scene({ rateLimit: perSecond })
    expect(scene.claim(2, whole, true)).toBe(2)
    expect([scene.room(whole), scene.rows()]).toEqual([3, []])
    scene.restart()
    expect(scene.room(whole)).toBe(3)
  })

  test('that are changed hold from the next claim on, and count the starts before', () => {
    const scene = new Scene({ rateLimit: perSecond, concurrency: 9 })
    scene.claim(3)
    scene.declared = checkedLimits({ rateLimit: { limit: 5, per: '1s' }, concurrency: 9 }, 'send')
    expect(scene.claim(9)).toBe(2)
    scene.declared = checkedLimits({ rateLimit: { limit: 1, per: '1m' }, concurrency: 9 }, 'send')
    scene.now += 59_999
    expect([scene.room(whole), scene.limits.resetsAt(whole, scene.now)]).toEqual([0, start + 60_000])
    scene.declared = checkedLimits({ rateLimit: { limit: 50, per: '1s' }, concurrency: 2 }, 'send')
    expect([scene.room(whole) < 1, scene.limits.resetsAt(whole, scene.now)]).toEqual([true, undefined])
    scene.declared = checkedLimits({}, 'send')
    expect(scene.room(whole)).toBe(Number.POSITIVE_INFINITY)
  })

  test('free a slot when its lease ends, even within the transaction that ends the lease', () => {
    const scene = new Scene({ concurrency: 2, perPartition: { concurrency: 1 } })
    const [a, b] = [scene.run(p), scene.run(q)]
    expect([scene.room(whole), scene.room(p)]).toEqual([0, 0])
    const ended: Ended = ({ partition }) => (partition === '' || partition === 'p' ? 1 : 0)
    expect([scene.room(whole, ended), scene.room(p, ended), scene.room(q, ended)]).toEqual([1, 1, 0])
    scene.memory.running.delete(a)
    expect([scene.room(whole), scene.room(p), scene.room(q)]).toEqual([1, 1, 0])
    scene.memory.running.delete(b)
    expect([scene.room(whole), scene.room(p), scene.room(q)]).toEqual([2, 1, 1])
  })

  test('count the jobs that the same claim has already taken', () => {
    const { limits, now } = new Scene({ concurrency: 3, perPartition: { concurrency: 2 } })
    const admission = limits.admission(now)
    const rooms = () => [admission.room('send'), admission.roomOf('send', 'p'), admission.roomOf('send', 'q')]
    expect(rooms()).toEqual([3, 2, 2])
    for (const { task, partition } of [p, p, q]) admission.take(task, partition)
    expect(rooms()).toEqual([0, 0, 1])
  })

  test('refuse starts for one window after the clock has stepped back, and not until it has caught up', () => {
    const scene = new Scene({ rateLimit: perSecond })
    scene.claim(3)
    scene.now -= 3_600_000
    expect([scene.claim(9), scene.limits.resetsAt(whole, scene.now)]).toEqual([0, scene.now + 1_000])
    scene.now += 1_000
    expect(scene.claim(9)).toBe(3)
  })
})

describe('a parked group', () => {
  test.each<[limits: TaskLimits, resetsAt: number | undefined, because: string]>([
    [{ perPartition: { rateLimit: { limit: 2, per: '1s' } } }, start + 1_000, 'a rate limit resets by time'],
    [{ perPartition: { concurrency: 2 } }, undefined, 'only the end of an attempt frees a slot'],
    [
      { perPartition: { rateLimit: { limit: 2, per: '1s' }, concurrency: 2 } },
      undefined,
      'a group without a free slot does not reset by time',
    ],
    [
      { perPartition: { rateLimit: { limit: 2, per: '1s' }, concurrency: 9 } },
      start + 1_000,
      'a group with a free slot resets by time',
    ],
  ])('under %j resets at %j, because %s', (limits, resetsAt) => {
    const scene = new Scene(limits)
    expect(scene.claim(9, p)).toBe(2)
    expect(scene.limits.resetsAt(p, scene.now)).toBe(resetsAt)
    scene.limits.park(p, scene.now)
    expect(scene.limits.nextResetAt).toBe(resetsAt)
  })

  test('is taken out once, at its reset', () => {
    const scene = new Scene({ perPartition: { rateLimit: { limit: 1, per: '1s' } } })
    scene.claim(1, p)
    scene.now += 100
    scene.claim(1, q)
    for (const group of [q, p, p]) scene.limits.park(group, scene.now)
    expect(scene.limits.nextResetAt).toBe(start + 1_000)
    expect(scene.limits.takeReset(start + 999)).toEqual([])
    expect(scene.limits.takeReset(start + 1_000)).toEqual([p])
    expect(scene.limits.takeReset(start + 9_999)).toEqual([q])
    expect([scene.limits.takeReset(start + 9_999), scene.limits.nextResetAt]).toEqual([[], undefined])
  })

  test('that is parked again resets only at its new time', () => {
    const scene = new Scene({ perPartition: { rateLimit: { limit: 2, per: '1s' } } })
    scene.claim(2, p)
    scene.limits.park(p, scene.now)
    scene.declared = checkedLimits({ perPartition: { rateLimit: { limit: 2, per: '1m' } } }, 'send')
    scene.limits.park(p, scene.now)
    expect(scene.limits.takeReset(start + 59_999)).toEqual([])
    expect(scene.limits.takeReset(start + 60_000)).toEqual([p])
  })

  test('that has no free slot left does not reset at the time for which it was parked', () => {
    const scene = new Scene({ perPartition: { rateLimit: { limit: 1, per: '1s' }, concurrency: 2 } })
    scene.claim(1, p)
    scene.limits.park(p, scene.now)
    scene.run(p)
    scene.limits.park(p, scene.now)
    expect([scene.limits.nextResetAt, scene.limits.takeReset(start + 9_999)]).toEqual([undefined, []])
  })
})

describe('more than ten thousand groups', () => {
  test('are read from their rows when memory has dropped those used longest ago', () => {
    const scene = new Scene({ perPartition: { rateLimit: { limit: 1, per: '1h' } } })
    const groups = Array.from({ length: 10_100 }, (_, n) => ({ task: 'send', partition: `p${n}` }))
    expect(groups.every((group) => scene.claim(1, group) === 1)).toBe(true)
    expect(groups.filter((group) => scene.room(group) > 0)).toEqual([])
  })
})
