/** Slots after a downtime, and slots while the job of the slot before has not ended. */
import { describe, expect, test } from 'vitest'
import { cancelled, completed, dayMs, heartbeatOf, minuteMs, Rig, type WithStore } from '../rig.ts'
import { historyOf, type ShardScheduleOptions, shardSchedule, slotsOf, workOff } from '../shard-schedules.ts'

export function slotsSuite(withStore: WithStore): void {
  const rigged = (schedules: ShardScheduleOptions[], work: (rig: Rig) => void) =>
    withStore((store) => {
      const rig = new Rig(store, { schedules: schedules.map(shardSchedule) })
      rig.core.reconcile(rig.now)
      work(rig)
    })
  const only = (rig: Rig) => rig.run('schedules')[0]

  describe('after a downtime', () => {
    const every10 = Array.from({ length: 10 }, (_, n) => (n + 1) * 10 * minuteMs)
    test.each<{ catchUp: 'skip' | 'latest' | 'all'; downMs: number; made: number[]; missed: number; because: string }>([
      { catchUp: 'skip', downMs: 105 * minuteMs, made: [], missed: 10, because: 'the newest is minutes late' },
      {
        catchUp: 'skip',
        downMs: 100 * minuteMs + 59_000,
        made: [100 * minuteMs],
        missed: 9,
        because: 'the newest is less than a minute late, as any alarm may be',
      },
      { catchUp: 'latest', downMs: 105 * minuteMs, made: [100 * minuteMs], missed: 9, because: 'the newest fires' },
      { catchUp: 'all', downMs: 105 * minuteMs, made: every10, missed: 0, because: 'each slot makes a job' },
    ])(
      'of $downMs ms, catchUp $catchUp makes $made.length jobs and misses $missed, because $because',
      ({ catchUp, downMs, made, missed }) =>
        rigged([{ every: '10m', catchUp, overlap: 'allow' }], (rig) => {
          const anchor = rig.now
          rig.pass(downMs)
          rig.restart()
          rig.ring()
          expect(slotsOf(rig)).toEqual(made.map((at) => anchor + at))
          const history = historyOf(rig)
          expect(history.filter((one) => one.made)).toHaveLength(made.length)
          const skipped = history.filter(({ skipped }) => skipped === 'missed')
          expect(skipped.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(missed)
          expect(only(rig)?.nextAt).toBe(anchor + (Math.floor(downMs / (10 * minuteMs)) + 1) * 10 * minuteMs)
          expect(rig.broken()).toEqual([])
        }),
    )

    test('catchUp all makes jobs for the newest hundred slots and no more', () =>
      rigged([{ catchUp: 'all', overlap: 'allow' }], (rig) => {
        const anchor = rig.now
        rig.pass(250 * minuteMs)
        rig.ring()
        expect(slotsOf(rig)).toEqual(Array.from({ length: 100 }, (_, n) => anchor + (n + 151) * minuteMs))
        expect(rig.broken()).toEqual([])
        rig.ring()
        expect(rig.rows()).toHaveLength(100)
      }))

    test('catchUp all continues after a restart in the middle without a slot lost or doubled', () =>
      rigged([{ catchUp: 'all', overlap: 'allow' }], (rig) => {
        const anchor = rig.now
        rig.pass(60 * minuteMs)
        for (let nth = 8; rig.rows().length < 60; nth += 7) {
          rig.failFrom = nth
          try {
            rig.core.maintain(rig.now)
          } catch (error) {
            expect(String(error)).toContain('disk I/O error')
          }
          rig.failFrom = undefined
          rig.restart()
        }
        expect(slotsOf(rig)).toEqual(Array.from({ length: 60 }, (_, n) => anchor + (n + 1) * minuteMs))
      }))

    test('of a year, catchUp latest does not step through every slot', () =>
      rigged([{ cron: '* * * * * *', catchUp: 'latest' }], (rig) => {
        rig.pass(365 * dayMs)
        const begun = performance.now()
        rig.ring()
        expect(performance.now() - begun).toBeLessThan(2_000)
        expect(rig.rows()).toHaveLength(1)
      }))
  })

  describe('the overlap policy', () => {
    const running = (rig: Rig) => void rig.claim({ runner: 'busy' })
    test.each<{
      overlap: 'allow' | 'skip' | 'cancel'
      before: string
      reach: (rig: Rig) => void
      jobs: string[]
      entry: string
      because: string
    }>([
      {
        overlap: 'allow',
        before: 'waits',
        reach: () => {},
        jobs: ['queued', 'queued'],
        entry: 'made',
        because: 'both may be unfinished',
      },
      {
        overlap: 'allow',
        before: 'runs',
        reach: running,
        jobs: ['running', 'queued'],
        entry: 'made',
        because: 'both may be unfinished',
      },
      {
        overlap: 'skip',
        before: 'waits',
        reach: () => {},
        jobs: ['queued'],
        entry: 'overlap',
        because: 'one suffices',
      },
      { overlap: 'skip', before: 'runs', reach: running, jobs: ['running'], entry: 'overlap', because: 'one suffices' },
      {
        overlap: 'skip',
        before: 'has ended',
        reach: workOff,
        jobs: ['completed', 'queued'],
        entry: 'made',
        because: 'no job is unfinished',
      },
      {
        overlap: 'cancel',
        before: 'waits',
        reach: () => {},
        jobs: ['cancelled', 'queued'],
        entry: 'made',
        because: 'the newer job counts',
      },
      {
        overlap: 'cancel',
        before: 'runs',
        reach: running,
        jobs: ['running', 'scheduled'],
        entry: 'made',
        because: 'the older job is asked to stop, and the newer one waits for its end',
      },
      {
        overlap: 'cancel',
        before: 'has ended',
        reach: workOff,
        jobs: ['completed', 'queued'],
        entry: 'made',
        because: 'there is nothing to cancel',
      },
    ])('$overlap leaves jobs $jobs if the last job $before, because $because', ({ overlap, reach, jobs, entry }) =>
      rigged([{ every: '10s', overlap }], (rig) => {
        rig.pass(10_000)
        rig.ring()
        reach(rig)
        rig.restart()
        rig.pass(10_000)
        rig.ring()
        expect(rig.rows().map(({ state }) => state)).toEqual(jobs)
        expect(historyOf(rig).at(-1)).toMatchObject(entry === 'made' ? { made: true } : { skipped: entry, made: false })
      }),
    )

    /** Fires a slot after ten seconds, which a lease outlives. */
    const fireSlot = (rig: Rig) => {
      rig.pass(10_000)
      rig.ring()
    }

    test('cancel starts the newer job when the older one has stopped', () =>
      rigged([{ every: '10s', overlap: 'cancel' }], (rig) => {
        fireSlot(rig)
        const first = rig.claim()
        fireSlot(rig)
        expect(rig.sync({ seq: 2, ack: 1, heartbeats: [heartbeatOf(first)], want: 5 })).toMatchObject({
          cancelled: [first.id],
          claimed: [],
        })
        const [, second] = rig.rows()
        expect(rig.record(second?.id ?? '')).toMatchObject({ state: 'scheduled', after: first.id })
        rig.settle(first, cancelled, { seq: 3 })
        expect(rig.claim({ runner: 'r2' })).toMatchObject({ id: second?.id })
        expect(rig.broken()).toEqual([])
      }))

    test('cancel keeps the newest of several newer jobs, and it waits for the one that still runs', () =>
      rigged([{ every: '10s', overlap: 'cancel' }], (rig) => {
        fireSlot(rig)
        const first = rig.claim()
        fireSlot(rig)
        fireSlot(rig)
        expect(rig.rows().map(({ state }) => state)).toEqual(['running', 'cancelled', 'scheduled'])
        expect(rig.sync({ runner: 'r2', want: 5 }).claimed).toEqual([])
        rig.settle(first, completed)
        const [, , third] = rig.rows()
        expect(rig.claim({ runner: 'r3' })).toMatchObject({ id: third?.id })
        expect(rig.broken()).toEqual([])
      }))

    test('cancel lets the next job wait for the running one after a person has cancelled the waiting one', () =>
      rigged([{ every: '10s', overlap: 'cancel' }], (rig) => {
        fireSlot(rig)
        const first = rig.claim()
        fireSlot(rig)
        rig.run('cancel', rig.rows()[1]?.id ?? '')
        fireSlot(rig)
        expect(rig.rows().map(({ state }) => state)).toEqual(['running', 'cancelled', 'scheduled'])
        rig.settle(first, cancelled)
        expect(rig.claim({ runner: 'r2' })).toMatchObject({ id: rig.rows()[2]?.id })
        expect(rig.broken()).toEqual([])
      }))

    test.each<{ what: string; back: (rig: Rig) => void }>([
      {
        what: 'resumed',
        back: (rig) => {
          rig.run('controlSchedule', { name: 'tick', action: 'pause' })
          rig.run('controlSchedule', { name: 'tick', action: 'resume' })
        },
      },
      {
        what: 'declared again after a stop',
        back: (rig) => {
          const { schedules } = rig
          rig.deploy({ schedules: [] })
          rig.deploy({ schedules })
        },
      },
      {
        what: 'given its old rule again',
        back: (rig) => {
          const { schedules } = rig
          rig.deploy({ schedules: [shardSchedule({ cron: '*/5 * * * * *', overlap: 'allow' })] })
          rig.deploy({ schedules })
        },
      },
    ])('allow fires no slot twice when a schedule is $what after the clock has stepped back', ({ back }) =>
      rigged([{ cron: '*/10 * * * * *', overlap: 'allow' }], (rig) => {
        fireSlot(rig)
        const before = slotsOf(rig)
        expect(before).toHaveLength(1)
        rig.now -= 8_000
        back(rig)
        rig.pass(9_000)
        rig.ring()
        expect(slotsOf(rig)).toEqual(before)
        rig.pass(60_000)
        rig.ring()
        const after = slotsOf(rig)
        expect(new Set(after).size).toBe(after.length)
        expect(after.length).toBeGreaterThan(1)
      }),
    )

    test('skip sees the unfinished job of a slot although a person has triggered another job since', () =>
      rigged([{ every: '10s', overlap: 'skip' }], (rig) => {
        fireSlot(rig)
        rig.claim({ runner: 'long' })
        rig.run('triggerSchedule', { name: 'tick', id: rig.job().id })
        rig.settle(rig.claim({ runner: 'r2' }), completed)
        fireSlot(rig)
        expect(historyOf(rig).at(-1)).toMatchObject({ skipped: 'overlap' })
      }))

    test.each(['skip', 'cancel'] as const)('%s makes a job when the one before is gone or pruned', (overlap) =>
      rigged([{ overlap }], (rig) => {
        rig.pass(minuteMs)
        rig.ring()
        workOff(rig)
        rig.sql.all('DELETE FROM jobs')
        rig.restart()
        rig.pass(minuteMs)
        rig.ring()
        expect(rig.rows()).toHaveLength(1)
      }),
    )
  })
}
