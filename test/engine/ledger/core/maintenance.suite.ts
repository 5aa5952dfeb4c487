import { describe, expect, test } from 'vitest'
import { jobStatements } from '../../../../src/engine/ledger/storage/jobs.ts'
import {
  completed,
  dayMs,
  failed,
  heartbeatOf,
  hourMs,
  leaseMs,
  minuteMs,
  type Rig,
  riggedBy,
  settlementOf,
  type WithStore,
} from '../rig.ts'

export function maintenanceSuite(withStore: WithStore): void {
  const rigged = riggedBy(withStore)

  /** Makes a job that a runner has completed. */
  const finished = (rig: Rig, task = 'send', runner = 'r1'): string => {
    const id = rig.enqueue({ task })
    rig.settle(rig.claim({ runner, tasks: { [task]: 1_000 } }), completed)
    return id
  }
  const confirm = (rig: Rig, claimed: { id: string; lease: string }, runner = 'r1') =>
    rig.sync({ runner, seq: 2, ack: 1, heartbeats: [heartbeatOf(claimed)] })

  describe('a lapse', { timeout: 30_000 }, () => {
    test('ends a lease when its time is over and no sooner', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        confirm(rig, rig.claim())
        rig.pass(leaseMs - 1)
        rig.ring()
        expect(rig.state(id)).toBe('running')
        rig.pass(1)
        rig.ring()
        expect(rig.record(id)).toMatchObject({ state: 'retrying', attempt: 1, error: { name: 'LeaseLapsed' } })
        expect(rig.broken()).toEqual([])
      }))

    test.each([
      { confirmed: false, restarted: false, attempt: 0, refunds: 1, because: 'no runner has held it' },
      { confirmed: true, restarted: false, attempt: 1, refunds: 0, because: 'its runner held it' },
      {
        confirmed: false,
        restarted: true,
        attempt: 1,
        refunds: 0,
        because: 'after a restart nothing proves that it never started',
      },
      { confirmed: true, restarted: true, attempt: 1, refunds: 0, because: 'its runner held it' },
    ])(
      'with confirmed $confirmed and restarted $restarted leaves attempt $attempt, because $because',
      ({ confirmed, restarted, attempt, refunds }) =>
        rigged((rig) => {
          const id = rig.enqueue()
          const claimed = rig.claim()
          if (confirmed) confirm(rig, claimed)
          rig.pass(leaseMs)
          if (restarted) rig.restart()
          rig.ring()
          expect(rig.row(id)).toMatchObject({ state: 'retrying', attempt, refunds, lapses: 1 })
          expect(rig.broken()).toEqual([])
        }),
    )

    test('counts the attempt of a confirmed claim although an older sync arrives late', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        const heartbeats = [heartbeatOf(rig.claim({ seq: 3 }))]
        rig.sync({ seq: 4, ack: 3, heartbeats })
        rig.sync({ seq: 2, ack: 1, heartbeats })
        rig.pass(leaseMs)
        rig.ring()
        expect(rig.row(id)).toMatchObject({ attempt: 1, refunds: 0, lapses: 1 })
      }))

    test('is retried at once the first time and after a wait the second time, and the third claim is solo', () =>
      rigged((rig) => {
        const id = rig.enqueue({ maxAttempts: 9 })
        const dueIn = ['a', 'b'].map((runner) => {
          rig.pass(minuteMs)
          confirm(rig, rig.claim({ runner }), runner)
          rig.pass(leaseMs)
          rig.ring()
          return (rig.row(id).dueAt ?? 0) - rig.now
        })
        expect(dueIn).toEqual([0, 1_000])
        rig.pass(1_000)
        expect(rig.claim({ runner: 'c' })).toMatchObject({ id, attempt: 3, solo: true })
      }))

    test('of the last attempt fails the job as crashed and hands over to onFailed', () =>
      rigged(
        (rig) => {
          const id = rig.enqueue({ maxAttempts: 1 })
          confirm(rig, rig.claim())
          rig.pass(leaseMs)
          rig.ring()
          expect(rig.state(id)).toBe('failed crashed')
          expect(JSON.parse(rig.claim({ runner: 'r2', tasks: { 'send/onFailed': 1 } }).input)).toMatchObject({
            job: { id, reason: 'crashed', attempt: 1 },
            error: { name: 'LeaseLapsed' },
          })
          expect(rig.broken()).toEqual([])
        },
        { policies: { send: { onFailed: true } } },
      ))

    test('of 1,700 leases is worked off in slices and leaves none over', () =>
      rigged((rig) => {
        rig.enqueueAll(Array.from({ length: 1_700 }, () => rig.job()))
        for (const runner of ['a', 'b', 'c', 'd']) rig.sync({ runner, want: 500 })
        rig.pass(leaseMs)
        rig.restart()
        rig.ring()
        expect(rig.core.memory.counts.total()).toMatchObject({ running: 0, retrying: 1_700 })
        expect(rig.broken()).toEqual([])
      }))
  })

  describe('a job that falls due', () => {
    test.each(['scheduled', 'retrying'])('in state %s is ready when the alarm rings, after a restart too', (state) =>
      rigged((rig) => {
        const id = rig.enqueue(state === 'scheduled' ? { delayMs: 1_000 } : {})
        if (state === 'retrying') rig.settle(rig.claim(), failed)
        expect(rig.state(id)).toBe(state)
        rig.ring()
        expect(rig.alarmAt).toBe(rig.now + 1_000)
        rig.restart()
        rig.pass(1_000)
        rig.ring()
        expect(rig.core.memory.ready.has(id)).toBe(true)
        expect(rig.broken()).toEqual([])
      }),
    )
  })

  describe('pruning', { timeout: 30_000 }, () => {
    test('removes a finished job once its retention is over, at most a hundredth of it late, and never a live job', () =>
      rigged((rig) => {
        const old = finished(rig)
        const live = rig.enqueue({ delayMs: 30 * dayMs })
        rig.pass(7 * dayMs - minuteMs)
        rig.ring()
        expect(rig.state(old)).toBe('completed')
        for (let count = 0; count < 3; count++) {
          rig.pass(hourMs)
          rig.ring()
        }
        expect([rig.state(old), rig.state(live)]).toEqual(['gone', 'scheduled'])
        expect(rig.core.memory.counts.total()).toMatchObject({ completed: 0, scheduled: 1 })
        expect(rig.broken()).toEqual([])
      }))

    test('completes in a ledger that restarts before each alarm', () =>
      rigged((rig) => {
        finished(rig)
        for (let rings = 0; rig.rows().length > 0; rings++) {
          expect(rings).toBeLessThan(10)
          rig.now = Math.max(rig.now, rig.alarmAt ?? 0)
          rig.restart()
          rig.ring()
        }
        expect(rig.now).toBeGreaterThan(7 * dayMs)
      }))

    test.each([
      { retentionMs: hourMs, because: 'its task keeps jobs for less time' },
      { retentionMs: 20 * dayMs, because: 'its task keeps jobs for longer' },
    ])("goes by the task's own retention of $retentionMs ms, because $because", ({ retentionMs }) =>
      rigged(
        (rig) => {
          const id = finished(rig, 'draw')
          for (let before = rig.now; rig.now < before + retentionMs - 20 * minuteMs; ) {
            rig.pass(retentionMs / 20)
            if (rig.now < before + retentionMs) rig.ring()
            if (rig.now < before + retentionMs) expect(rig.state(id)).toBe('completed')
            rig.restart()
          }
          for (let count = 0; count < 3; count++) {
            rig.pass(10 * minuteMs)
            rig.ring()
          }
          expect(rig.rows()).toEqual([])
          expect(rig.core.memory.counts.total().completed).toBe(0)
        },
        { policies: { draw: { retentionMs } } },
      ),
    )

    test('keeps a job that was redriven in time', () =>
      rigged(
        (rig) => {
          const id = finished(rig, 'draw')
          rig.pass(minuteMs)
          rig.run('redrive', { id })
          rig.pass(2 * minuteMs)
          rig.ring()
          expect(rig.state(id)).toBe('queued')
          expect(rig.broken()).toEqual([])
        },
        { policies: { draw: { retentionMs: 2 * minuteMs } } },
      ))

    test('counts a job once although it meets the job twice after the clock has stepped back', () =>
      rigged(
        (rig) => {
          for (let count = 0; count < 2; count++) finished(rig, 'draw')
          rig.pass(3 * minuteMs)
          rig.core.load(rig.now)
          rig.pass(-5 * minuteMs)
          const later = rig.enqueue({ delayMs: 1 })
          rig.pass(6 * minuteMs)
          rig.core.load(rig.now)
          rig.ring()
          expect(rig.rows().map(({ id }) => id)).toEqual([later])
          expect(rig.core.memory.counts.total()).toMatchObject({ completed: 0, scheduled: 1 })
          expect(rig.broken()).toEqual([])
        },
        { policies: { draw: { retentionMs: 2 * minuteMs } } },
      ))

    test('removes a job that was live during the sweep when its own retention is over', () =>
      rigged((rig) => {
        const id = rig.enqueue({ delayMs: 10 * dayMs })
        rig.pass(1)
        finished(rig)
        rig.pass(8 * dayMs)
        rig.ring()
        expect(rig.core.memory.sweepCursor > id).toBe(true)
        rig.pass(2 * dayMs)
        rig.ring()
        rig.settle(rig.claim({ runner: 'late' }), completed)
        rig.pass(7 * dayMs - 1)
        rig.restart()
        rig.ring()
        expect(rig.state(id)).toBe('completed')
        rig.pass(1)
        rig.ring()
        expect(rig.rows()).toEqual([])
        expect(rig.broken()).toEqual([])
      }))

    test('removes 2,300 jobs in slices and writes one row for each', () =>
      rigged((rig) => {
        rig.enqueueAll(Array.from({ length: 2_300 }, () => rig.job()))
        for (let seq = 1, settle: ReturnType<typeof settlementOf>[] = []; seq < 8; seq++)
          settle = rig.sync({ seq, settle, want: 500 }).claimed.map((job) => settlementOf(job, completed))
        expect(rig.core.memory.counts.total().completed).toBe(2_300)
        rig.pass(8 * dayMs)
        const before = rig.rowsWritten
        rig.ring()
        expect(rig.rows()).toEqual([])
        expect(rig.rowsWritten - before).toBeLessThan(2_300 + 20)
        expect(rig.broken()).toEqual([])
      }))

    test('removes the oldest finished jobs before their time when the database is over its size', () =>
      rigged(
        (rig) => {
          const big = JSON.stringify('x'.repeat(200_000))
          const live = rig.enqueue({ delayMs: 30 * dayMs })
          for (let n = 0; n < 40; n++) {
            rig.pass(minuteMs)
            rig.enqueue({ input: big })
            rig.settle(rig.claim(), completed)
            rig.ring()
          }
          rig.pass(11 * minuteMs)
          rig.ring()
          expect(rig.sql.bytes()).toBeLessThan(4 * 2 ** 20)
          expect(rig.state(live)).toBe('scheduled')
          expect(rig.broken()).toEqual([])
        },
        { historyBytesMax: 2 * 2 ** 20 },
      ))

    test('removes minute stats older than two days, but not the newest row of a task, which holds its counters', () =>
      rigged((rig) => {
        finished(rig)
        rig.pass(5 * minuteMs)
        finished(rig)
        rig.pass(8 * dayMs)
        rig.ring()
        const minutes = rig.sql.all<{ minute: number }>('SELECT minute FROM minute_stats').map(({ minute }) => minute)
        expect(minutes).toEqual([Math.floor((rig.now - 8 * dayMs) / minuteMs)])
        expect(rig.counters()).toMatchObject([{ task: 'send', counters: { enqueued: 2, ended: { completed: 2 } } }])
      }))
  })

  // It moves past thousands of jobs, which takes long on a slow machine.
  describe('the watermark', { timeout: 30_000 }, () => {
    /** Makes so many finished jobs that the watermark moves without an alarm. */
    const finishMany = (rig: Rig, runner: string, count = 4_200) => {
      rig.enqueueAll(Array.from({ length: count }, () => rig.job({ task: 'draw' })))
      let settle: ReturnType<typeof settlementOf>[] = []
      for (let seq = 1; seq === 1 || settle.length > 0; seq++)
        settle = rig
          .sync({ runner, seq, settle, want: 500, tasks: { draw: 1 } })
          .claimed.map((job) => settlementOf(job, completed))
      rig.pass(minuteMs)
      // A watermark that could not move is tried again only after as many further jobs, or after a restart.
      rig.restart()
      rig.sync({ runner: `${runner}-last` })
    }

    test('moves past finished jobs, so that activation reads none of them', () =>
      rigged((rig) => {
        finishMany(rig, 'a')
        expect(rig.core.memory.watermark > '').toBe(true)
        expect(rig.core.memory.counts.finishedAbove).toBe(0)
        expect(rig.core.memory.counts.total().completed).toBe(4_200)
        expect(jobStatements(rig.sql).fromWatermark(rig.core.memory.watermark, '', 10)).toEqual([])
        expect(rig.broken()).toEqual([])
      }))

    test('passes a few live jobs that hold it back, and a restart still finds them', () =>
      rigged((rig) => {
        const waiting = [rig.enqueue(), rig.enqueue({ priority: 3 })]
        const running = rig.claim({ runner: 'long' }).id
        rig.pass(1)
        finishMany(rig, 'a')
        expect(rig.core.memory.isBelowWatermark(waiting[0] as string)).toBe(true)
        expect(rig.broken()).toEqual([])
        rig.restart()
        expect(rig.broken()).toEqual([])
        expect([...waiting.map((id) => rig.state(id)), rig.state(running)].sort()).toEqual([
          'queued',
          'running',
          'running',
        ])
        const claimed = rig.claim({ runner: 'b' })
        rig.settle(claimed, completed)
        expect(rig.state(claimed.id)).toBe('completed')
        expect(rig.broken()).toEqual([])
      }))

    test('stops at live jobs when there are many of them', () =>
      rigged((rig) => {
        rig.enqueueAll(Array.from({ length: 200 }, () => rig.job()))
        const oldest = rig.rows()[0]?.id ?? ''
        rig.pass(1)
        finishMany(rig, 'a')
        rig.pass(minuteMs)
        rig.ring()
        expect(rig.broken()).toEqual([])
        expect([...rig.core.memory.ready.values()].filter(({ due }) => due).length).toBeLessThan(200)
        expect(rig.row(oldest).state).toBe('queued')
        rig.restart()
        expect(rig.core.memory.ready.size).toBe(200)
      }))

    test('does not hide a job that arrives below it from a slow clock', () =>
      rigged((rig) => {
        const early = rig.job()
        rig.pass(minuteMs)
        finishMany(rig, 'a')
        expect(rig.core.memory.isBelowWatermark(early.id)).toBe(true)
        rig.enqueueAll([early])
        expect(rig.broken()).toEqual([])
        rig.restart()
        expect(rig.claim({ runner: 'late' })).toMatchObject({ id: early.id })
        expect(rig.broken()).toEqual([])
      }))

    test('does not hide a redriven job below it', () =>
      rigged((rig) => {
        const id = finished(rig)
        rig.pass(1)
        finishMany(rig, 'a')
        expect(rig.core.memory.isBelowWatermark(id)).toBe(true)
        rig.run('redrive', { id })
        rig.restart()
        expect(rig.broken()).toEqual([])
        rig.settle(rig.claim({ runner: 'again' }), completed)
        expect(rig.core.memory.counts.total()).toMatchObject({ completed: 4_201, running: 0 })
        expect(rig.broken()).toEqual([])
      }))
  })
}
