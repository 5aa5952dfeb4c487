import { describe, expect, test } from 'vitest'
import { hourMs, minuteMs, Rig, type WithStore } from '../rig.ts'
import { historyOf, type ShardScheduleOptions, shardSchedule, slotsOf, workOff } from '../shard-schedules.ts'

export function scheduleControlSuite(withStore: WithStore): void {
  const rigged = (schedules: ShardScheduleOptions[], work: (rig: Rig) => void) =>
    withStore((store) => {
      const rig = new Rig(store, { schedules: schedules.map(shardSchedule) })
      rig.core.reconcile(rig.now)
      work(rig)
    })
  const control = (rig: Rig, action: 'pause' | 'resume') => rig.run('controlSchedule', { name: 'tick', action: action })
  const trigger = (rig: Rig, more: { id?: string; key?: string } = {}) =>
    rig.run('triggerSchedule', { name: 'tick', id: rig.job().id, ...more })
  const fireSlot = (rig: Rig, ms = minuteMs) => {
    rig.pass(ms)
    rig.ring()
    workOff(rig)
  }

  describe('a schedule that a person pauses', () => {
    test('makes no job, rings no alarm, and records its skipped slots when it resumes', () =>
      rigged([{}], (rig) => {
        const anchor = rig.now
        fireSlot(rig)
        expect(control(rig, 'pause')).toMatchObject({ state: 'paused', next: [] })
        rig.restart()
        rig.passRinging(minuteMs)
        expect(rig.passRinging(hourMs)).toBe(0)
        expect(rig.rows()).toHaveLength(1)
        rig.pass(1)
        expect(control(rig, 'resume')).toMatchObject({
          state: 'active',
          nextAt: anchor + 63 * minuteMs,
          history: [{ slot: anchor + 2 * minuteMs, skipped: 'paused', count: 61 }, { slot: anchor + minuteMs }],
        })
        expect(rig.broken()).toEqual([])
        rig.now = anchor + 63 * minuteMs
        rig.ring()
        expect(slotsOf(rig)).toEqual([anchor + minuteMs, anchor + 63 * minuteMs])
      }))

    test('skips nothing when it resumes before a slot', () =>
      rigged([{}], (rig) => {
        const nextAt = rig.now + minuteMs
        control(rig, 'pause')
        rig.pass(30_000)
        expect(control(rig, 'resume')).toMatchObject({ nextAt, history: [] })
        expect(rig.alarmAt).toBeLessThanOrEqual(nextAt)
      }))

    test('stays as it is when it is paused twice or resumed twice', () =>
      rigged([{}], (rig) => {
        control(rig, 'pause')
        const once = control(rig, 'pause')
        expect(once).toMatchObject({ state: 'paused' })
        rig.pass(10 * minuteMs)
        const resumed = control(rig, 'resume')
        expect(control(rig, 'resume')).toEqual(resumed)
      }))
  })

  describe('a schedule that a person triggers', () => {
    test.each<{ state: string; reach: (rig: Rig) => void }>([
      { state: 'active', reach: () => {} },
      { state: 'paused', reach: (rig) => void control(rig, 'pause') },
    ])('makes a job now when it is $state, besides those of its slots', ({ reach }) =>
      rigged([{ overlap: 'skip' }], (rig) => {
        const nextAt = rig.run('schedules')[0]?.nextAt
        fireSlot(rig, 0)
        rig.pass(7_000)
        reach(rig)
        const { id } = rig.job()
        expect(trigger(rig, { id })).toEqual({ id, state: 'queued', duplicate: false })
        const [record] = rig.run('schedules')
        expect(record?.history[0]).toEqual({ slot: rig.now, at: rig.now, trigger: true, job: id })
        if (record?.state === 'active') expect(record.nextAt).toBe(nextAt)
        expect(rig.claim()).toMatchObject({ id, schedule: { name: 'tick', slot: rig.now } })
        expect(rig.broken()).toEqual([])
      }),
    )

    test('makes one job when the call is repeated by its id or key, after a restart too', () =>
      rigged([{}], (rig) => {
        const { id } = rig.job()
        trigger(rig, { id, key: 'k' })
        rig.restart()
        rig.core.reconcile(rig.now)
        expect(trigger(rig, { id, key: 'k' })).toMatchObject({ id, duplicate: false })
        expect(trigger(rig, { id: rig.job().id, key: 'k' })).toMatchObject({ id, duplicate: true })
        expect(rig.rows()).toHaveLength(1)
        expect(historyOf(rig)).toHaveLength(1)
        expect(rig.broken()).toEqual([])
      }))

    test.each<{ what: string; reach: (rig: Rig) => void; refused: string }>([
      { what: 'was removed', reach: (rig) => rig.deploy({ schedules: [] }), refused: 'unknown-schedule' },
      { what: 'has an unknown task', reach: (rig) => rig.deploy({ serves: () => false }), refused: 'unknown-task' },
      {
        what: 'has a task that is drained',
        reach: (rig) => void rig.run('change', { kind: 'drain', task: 'send' }),
        refused: 'draining',
      },
    ])('is refused when it $what, with $refused', ({ reach, refused }) =>
      rigged([{}], (rig) => {
        reach(rig)
        expect(trigger(rig)).toMatchObject({ refused })
        expect(rig.rows()).toEqual([])
      }),
    )

    test('is refused as unknown when it does not exist', () =>
      rigged([], (rig) => {
        const refused = { refused: 'unknown-schedule' }
        expect([control(rig, 'pause'), control(rig, 'resume'), trigger(rig)]).toMatchObject([refused, refused, refused])
      }))
  })

  describe('a schedule whose task', () => {
    test('is drained skips its slots and records why', () =>
      rigged([{}], (rig) => {
        rig.run('change', { kind: 'drain', task: 'send' })
        fireSlot(rig)
        fireSlot(rig)
        expect(rig.rows()).toEqual([])
        expect(historyOf(rig)).toMatchObject([{ skipped: 'draining' }, { skipped: 'draining' }])
        rig.run('change', { kind: 'resume', task: 'send' })
        fireSlot(rig)
        expect(slotsOf(rig)).toEqual([rig.now])
        expect(rig.broken()).toEqual([])
      }))

    test('is paused still makes its jobs, which wait', () =>
      rigged([{ overlap: 'allow' }], (rig) => {
        rig.run('change', { kind: 'pause', task: 'send' })
        fireSlot(rig)
        fireSlot(rig)
        expect(rig.rows().map(({ state }) => state)).toEqual(['queued', 'queued'])
        expect(rig.broken()).toEqual([])
      }))
  })

  describe('the record of a schedule', () => {
    test('has the next five slots, the earliest first', () =>
      rigged([{ cron: '0 9 * * *', timezone: 'Asia/Kolkata' }], (rig) => {
        const [record] = rig.run('schedules')
        expect(record?.next.map((at) => new Date(at).toISOString())).toEqual(
          [18, 19, 20, 21, 22].map((day) => `2030-03-${day}T03:30:00.000Z`),
        )
        expect(record).toMatchObject({ rule: { cron: '0 9 * * *', timezone: 'Asia/Kolkata' }, nextAt: record?.next[0] })
      }))

    test('has an overdue slot first and then the slots after now', () =>
      rigged([{}], (rig) => {
        const anchor = rig.now
        rig.pass(10 * minuteMs + 1)
        expect(rig.run('schedules')[0]?.next).toEqual([1, 11, 12, 13, 14].map((n) => anchor + n * minuteMs))
      }))

    test('has the newest fifty past slots, newest first', () =>
      rigged([{ every: '10s' }], (rig) => {
        for (let n = 0; n < 70; n++) fireSlot(rig, 10_000)
        const history = rig.run('schedules')[0]?.history ?? []
        expect(history).toHaveLength(50)
        expect(history[0]?.slot).toBe(rig.now)
        expect(history.at(-1)?.slot).toBe(rig.now - 49 * 10_000)
      }))
  })
}
