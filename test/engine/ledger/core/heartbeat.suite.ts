import { describe, expect, test } from 'vitest'
import { storedCursors } from '../../../../src/engine/ledger/memory/cursors.ts'
import {
  completed,
  failed,
  heartbeatOf,
  leaseMs,
  minuteMs,
  type Rig,
  riggedBy,
  settlementOf,
  type WithStore,
} from '../rig.ts'

export function heartbeatSuite(withStore: WithStore): void {
  const rigged = riggedBy(withStore)
  const runnersOf = (rig: Rig) =>
    rig.sql.all('SELECT runner, until FROM runners').map((row) => ({ ...(row as object) }))

  describe('a heartbeat', { timeout: 30_000 }, () => {
    test('writes nothing in the first half of a lease and one row for its runner in the second', () =>
      rigged((rig) => {
        rig.enqueueAll([rig.job(), rig.job(), rig.job()])
        const { claimed } = rig.sync({ want: 3 })
        const heartbeats = claimed.map(heartbeatOf)
        const steps = [5_000, 10_000, 1, 5_000, 9_000, 5_000].map((ms, index) => {
          rig.pass(ms)
          const before = rig.rowsWritten
          const { leaseMs: goodMs, lost } = rig.sync({ seq: index + 2, heartbeats })
          return [rig.rowsWritten - before, goodMs, lost.length]
        })
        expect(steps).toEqual([
          [0, 25_000, 0],
          [0, 15_000, 0],
          [1, leaseMs, 0],
          [0, 25_000, 0],
          [0, 16_000, 0],
          [1, leaseMs, 0],
        ])
        expect(rig.broken()).toEqual([])
      }))

    test('keeps a lease from lapsing, after a restart too', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        const heartbeats = [heartbeatOf(rig.claim())]
        for (let seq = 2; seq < 12; seq++) {
          rig.pass(10_000)
          rig.sync({ seq, heartbeats })
          rig.ring()
          if (seq % 3 === 0) rig.restart()
          expect(rig.state(id)).toBe('running')
        }
      }))

    test('keeps the lease of a runner that then dies until its stored end and no longer', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        const heartbeats = [heartbeatOf(rig.claim())]
        rig.pass(20_000)
        rig.sync({ seq: 2, heartbeats })
        rig.pass(leaseMs - 1)
        rig.restart()
        rig.ring()
        expect(rig.state(id)).toBe('running')
        rig.pass(1)
        rig.restart()
        rig.ring()
        expect(rig.state(id)).toBe('retrying')
      }))

    test('is answered with the cancelled jobs and the lost leases', () =>
      rigged((rig) => {
        const [stopped, replaced, goesOn] = ['a', 'b', 'c'].map(() => rig.enqueue())
        const { claimed } = rig.sync({ want: 3 })
        const heartbeats = claimed.map(heartbeatOf)
        rig.run('cancel', stopped as string)
        const other = heartbeats.map((one) => (one.id === replaced ? { ...one, lease: 'r1.1.other' } : one))
        const reply = rig.sync({ seq: 2, heartbeats: other })
        expect(reply).toMatchObject({ cancelled: [stopped], lost: [replaced] })
        expect(rig.state(goesOn as string)).toBe('running')
      }))

    test('records progress under the live lease only', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        const claimed = rig.claim()
        const progress = { value: 0.5, message: 'half' }
        rig.sync({ seq: 2, heartbeats: [{ id, lease: 'r1.1.guess', progress: { value: 0.9 } }] }, true)
        expect(rig.record(id)).not.toHaveProperty('progress')
        rig.sync({ seq: 3, heartbeats: [{ ...heartbeatOf(claimed), progress }] })
        expect(rig.record(id).progress).toEqual(progress)
        expect(rig.broken()).toEqual([])
      }))

    test('records no progress under a lapsed lease, and a new attempt begins without progress', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        const claimed = rig.claim()
        rig.sync({ seq: 2, heartbeats: [{ ...heartbeatOf(claimed), progress: { value: 0.5 } }] })
        rig.pass(leaseMs)
        rig.ring()
        const late = { ...heartbeatOf(claimed), progress: { value: 0.9 } }
        expect(rig.sync({ seq: 3, heartbeats: [late] }).lost).toEqual([id])
        expect(rig.record(id).progress).toEqual({ value: 0.5 })
        rig.claim({ runner: 'r2' })
        expect(rig.record(id)).not.toHaveProperty('progress')
      }))

    test('gives way to a settlement of the same job in the same sync', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        const claimed = rig.claim()
        const heartbeats = [{ ...heartbeatOf(claimed), progress: { value: 1 } }]
        rig.sync({ seq: 2, heartbeats, settle: [settlementOf(claimed, completed)] })
        expect(rig.state(id)).toBe('completed')
        expect(rig.broken()).toEqual([])
      }))

    test('finds a live lease that activation has not loaded', () =>
      rigged((rig) => {
        // Rows below the watermark are found by their due time alone, and this row fell due after all the others.
        const others = Array.from({ length: 2_100 }, () => rig.job({ delayMs: 1 }))
        rig.enqueueAll(others)
        const id = rig.enqueue({ delayMs: 2, task: 'draw' })
        rig.pass(minuteMs)
        for (let count = 0; count < 5; count++) rig.core.load(rig.now)
        const claimed = rig.claim({ tasks: { draw: 1_000 } })
        const fact = {
          ...storedCursors(rig.core.memory.cursors),
          watermark: `${rig.job().id}`,
          below: rig.core.memory.counts.byTask(),
        }
        rig.sql.all('INSERT INTO facts (name, value) VALUES (?, ?)', 'cursors', JSON.stringify(fact))
        rig.restart()
        expect(rig.sync({ tasks: { draw: 1_000 }, want: 1 }).claimed).toMatchObject([{ id, lease: claimed.lease }])
        expect(rig.sync({ seq: 2, heartbeats: [heartbeatOf(claimed)] }).lost).toEqual([])
        expect(rig.row(id)).toMatchObject({ state: 'running' })
      }))

    test('keeps a new lease of a job although the same sync settles the old lease of that job', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        const old = rig.claim()
        rig.sync({ seq: 2, heartbeats: [heartbeatOf(old)] })
        rig.pass(leaseMs)
        rig.ring()
        const renewed = rig.claim({ seq: 3 })
        const reply = rig.sync({ seq: 4, settle: [settlementOf(old, failed)], heartbeats: [heartbeatOf(renewed)] })
        expect(reply.lost).toEqual([])
        expect(rig.row(id)).toMatchObject({ state: 'running', lease: renewed.lease })
        expect(rig.broken()).toEqual([])
      }))
  })

  describe('a runner', () => {
    test('that leaves has its row removed', () =>
      rigged((rig) => {
        rig.enqueue()
        const claimed = rig.claim()
        rig.pass(20_000)
        rig.sync({ seq: 2, heartbeats: [heartbeatOf(claimed)] })
        expect(runnersOf(rig)).toEqual([{ runner: 'r1', until: rig.now + leaseMs }])
        rig.sync({ seq: 3, settle: [settlementOf(claimed, completed)] })
        expect(runnersOf(rig)).toEqual([])
        expect(rig.core.memory.runners.size).toBe(0)
      }))

    test('that leaves makes the ledger add the minute stats to what is stored, one row a minute and task', () =>
      rigged((rig) => {
        for (const runner of ['a', 'b']) {
          rig.enqueueAll([rig.job(), rig.job(), rig.job({ task: 'draw' })])
          const { claimed } = rig.sync({ runner, want: 3 })
          const settle = claimed.map((job) => settlementOf(job, job.task === 'draw' ? failed : completed))
          rig.sync({ runner, seq: 2, settle })
        }
        const stats = rig.sql.all<{ task: string; stats: string }>('SELECT task, stats FROM minute_stats ORDER BY task')
        const histograms = (n: number) => ({ queue: { buckets: [n], sumMs: 0 }, run: { buckets: [n], sumMs: 10 * n } })
        expect(stats.map(({ task, stats: text }) => [task, JSON.parse(text)])).toEqual([
          ['draw', { enqueued: 2, ended: { failed: 2 }, failed: {}, errors: { Error: 2 }, ...histograms(2) }],
          ['send', { enqueued: 4, ended: { completed: 4 }, failed: {}, errors: {}, ...histograms(4) }],
        ])
      }))

    test('does not leave by a sync that was overtaken, and its leases stay as long as before', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        const heartbeats = [heartbeatOf(rig.claim({ seq: 2 }))]
        rig.pass(20_000)
        rig.sync({ seq: 3, heartbeats })
        rig.sync({ seq: 1 })
        rig.pass(20_000)
        rig.ring()
        expect(rig.row(id)).toMatchObject({ state: 'running', lapses: 0 })
        expect(rig.sync({ seq: 4, heartbeats }).lost).toEqual([])
        expect(rig.broken()).toEqual([])
      }))

    test('does not leave while a claim is on its way to it', () =>
      rigged((rig) => {
        rig.enqueue()
        const held = rig.claim()
        rig.pass(5_000)
        const id = rig.enqueue()
        rig.claim({ seq: 2, ack: 1, heartbeats: [heartbeatOf(held)] })
        rig.pass(15_000)
        rig.sync({ seq: 3, ack: 1, heartbeats: [heartbeatOf(held)] })
        rig.sync({ seq: 4, ack: 1, settle: [settlementOf(held, completed)] })
        expect(rig.row(id)).toMatchObject({ state: 'running' })
        expect(rig.broken()).toEqual([])
        rig.pass(leaseMs - 1)
        rig.ring()
        expect(rig.row(id)).toMatchObject({ state: 'running' })
      }))

    test('that has died leaves a row that maintenance removes', () =>
      rigged((rig) => {
        rig.enqueue()
        const claimed = rig.claim()
        rig.pass(20_000)
        rig.sync({ seq: 2, heartbeats: [heartbeatOf(claimed)] })
        rig.pass(2 * minuteMs)
        rig.ring()
        expect(runnersOf(rig)).toEqual([])
      }))
  })
}
