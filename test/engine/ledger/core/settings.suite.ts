import { describe, expect, test } from 'vitest'
import { noSettings } from '../../../../src/engine/ledger/domain/settings.ts'
import type { NewJob } from '../../../../src/engine/ledger/protocol/enqueue.ts'
import type { Settings, SettingsChange } from '../../../../src/engine/ledger/protocol/settings.ts'
import {
  completed,
  failed,
  heartbeatOf,
  hourMs,
  leaseMs,
  minuteMs,
  type Rig,
  rejected,
  riggedBy,
  type WithStore,
} from '../rig.ts'

export function settingsSuite(withStore: WithStore): void {
  const rigged = riggedBy(withStore)
  const change = (rig: Rig, kind: 'pause' | 'drain' | 'resume', task?: string) =>
    rig.run('change', { kind, ...(task !== undefined && { task }) })
  const tasksOf = (rig: Rig) =>
    rig
      .sync({ runner: `r${rig.now}`, want: 9 })
      .claimed.map(({ task }) => task)
      .sort()

  describe('pause', () => {
    test.each<{ paused: (string | undefined)[]; resumed: (string | undefined)[]; started: string[]; because: string }>([
      { paused: ['send'], resumed: [], started: ['draw'], because: 'only one task is paused' },
      { paused: [undefined], resumed: [], started: [], because: 'everything is paused' },
      { paused: ['send', 'draw'], resumed: ['draw'], started: ['draw'], because: 'one of two is resumed' },
      { paused: ['send', undefined], resumed: ['send'], started: [], because: 'everything is still paused' },
      { paused: ['send', undefined], resumed: [undefined], started: ['draw', 'send'], because: 'all are resumed' },
      { paused: ['other'], resumed: [], started: ['draw', 'send'], because: 'another task is paused' },
    ])(
      'of $paused and resume of $resumed let $started start after a restart, because $because',
      ({ paused, resumed, started }) =>
        rigged((rig) => {
          rig.enqueue()
          rig.enqueue({ task: 'draw' })
          for (const task of paused) change(rig, 'pause', task)
          for (const task of resumed) change(rig, 'resume', task)
          rig.restart()
          expect(rig.core.parkAndCount(rig.now)).toBe(started.length)
          expect(tasksOf(rig)).toEqual(started)
          expect(rig.broken()).toEqual([])
        }),
    )

    test('lets a running job send heartbeats and settle', () =>
      rigged((rig) => {
        rig.enqueue()
        const running = rig.claim()
        change(rig, 'pause')
        expect(rig.sync({ seq: 2, ack: 1, heartbeats: [heartbeatOf(running)] })).toMatchObject({
          lost: [],
          cancelled: [],
        })
        rig.settle(running, completed, { seq: 3 })
        expect(rig.state(running.id)).toBe('completed')
      }))

    test.each([
      { what: 'a retry', ends: (rig: Rig, claimed: never) => void rig.settle(claimed, failed) },
      {
        what: 'a lapsed job',
        ends: (rig: Rig) => {
          rig.pass(leaseMs)
          rig.ring()
        },
      },
    ])('holds $what back', ({ ends }) =>
      rigged((rig) => {
        rig.enqueue()
        const running = rig.claim()
        change(rig, 'pause', 'send')
        ends(rig, running as never)
        rig.pass(minuteMs)
        rig.ring()
        expect(rig.sync({ runner: 'r2', want: 5 }).claimed).toEqual([])
        change(rig, 'resume', 'send')
        expect(rig.claim({ runner: 'r3' })).toMatchObject({ id: running.id })
      }),
    )

    test('makes a startNow wait like any other job', () =>
      rigged((rig) => {
        change(rig, 'pause', 'send')
        const start = { kind: 'claim', runner: 'i', leaseMs } as const
        const [reply] = rig.enqueueAll([rig.job({ start })])
        expect(reply).toEqual({ id: expect.any(String), state: 'queued', duplicate: false })
        expect(rig.broken()).toEqual([])
      }))

    test.each(['send', undefined])(
      'of task %s leaves no wake-up due and rings no alarm, whatever falls due meanwhile',
      (task) =>
        rigged((rig) => {
          rig.enqueueAll(Array.from({ length: 20 }, () => rig.job()))
          rig.enqueue({ delayMs: 10 * minuteMs })
          change(rig, 'pause', task)
          const rings = rig.passRinging(6 * hourMs)
          expect(rings).toBeLessThan(5)
          expect(rig.core.parkAndCount(rig.now)).toBe(0)
          rig.restart()
          expect(rig.passRinging(hourMs)).toBeLessThan(2)
          change(rig, 'resume', task)
          expect(rig.core.parkAndCount(rig.now)).toBe(21)
          expect(rig.alarmAt).toBeLessThanOrEqual(rig.now + 500)
          expect(rig.broken()).toEqual([])
        }),
    )

    test('does not hold up a deadline: a job that has not started by then fails', () =>
      rigged((rig) => {
        const ids = [rig.enqueue({ expiresInMs: minuteMs }), rig.enqueue({ expiresInMs: 2 * minuteMs })]
        change(rig, 'pause')
        rig.restart()
        rig.passRinging(minuteMs)
        expect(ids.map((id) => rig.state(id))).toEqual(['failed expired', 'queued'])
        rig.passRinging(minuteMs)
        expect(ids.map((id) => rig.state(id))).toEqual(['failed expired', 'failed expired'])
        expect(rig.broken()).toEqual([])
      }))
  })

  describe('drain', () => {
    const policies = { send: { onFailed: true } }
    const refused = { refused: 'draining' }

    test.each<{ what: string; more: (rig: Rig) => Partial<NewJob>; answer: object; because: string }>([
      { what: 'a new job', more: () => ({}), answer: refused, because: 'a drained task takes none' },
      { what: 'a delayed job', more: () => ({ delayMs: hourMs }), answer: refused, because: 'it is a new job too' },
      {
        what: 'a startNow',
        more: () => ({ start: { kind: 'claim', runner: 'i', leaseMs } }),
        answer: refused,
        because: 'no attempt has begun',
      },
      {
        what: 'a job that has run in the background',
        more: () => ({ start: { kind: 'ended', outcome: failed, ranMs: 1 } }),
        answer: { state: 'retrying' },
        because: 'nothing accepted is lost',
      },
      {
        what: 'a job that runs in the background',
        more: () => ({ start: { kind: 'running', runner: 'i', leaseMs, ranMs: 1 } }),
        answer: { state: 'running' },
        because: 'nothing accepted is lost',
      },
      {
        what: 'a child of a handler',
        more: () => ({ key: 'parent/0', child: true }),
        answer: { state: 'queued' },
        because: 'it belongs to a job that was accepted',
      },
      { what: 'a known key', more: () => ({ key: 'old' }), answer: { duplicate: true }, because: 'it makes no job' },
      {
        what: 'a newer input for a waiting job',
        more: () => ({ key: 'old', input: '2', unique: { kind: 'rerun' } }),
        answer: { duplicate: true },
        because: 'it makes no job',
      },
      { what: 'a new key', more: () => ({ key: 'new' }), answer: refused, because: 'it is a new job' },
      {
        what: 'a job of another task',
        more: () => ({ task: 'draw' }),
        answer: { state: 'queued' },
        because: 'that task is not drained',
      },
    ])('of a task answers $what with $answer after a restart, because $because', ({ more, answer }) =>
      rigged(
        (rig) => {
          rig.enqueue({ key: 'old' })
          change(rig, 'drain', 'send')
          rig.restart()
          expect(rig.enqueueAll([rig.job(more(rig))])).toMatchObject([answer])
          expect(rig.broken()).toEqual([])
        },
        { policies },
      ),
    )

    test('refuses a follower, and the running job keeps its key', () =>
      rigged((rig) => {
        const unique = { kind: 'rerun' } as const
        const id = rig.enqueue({ key: 'k', unique })
        rig.claim()
        change(rig, 'drain')
        const before = rig.rows()
        expect(rig.enqueueAll([rig.job({ key: 'k', unique, input: '2' })])).toMatchObject([refused])
        expect(rig.rows()).toEqual(before)
        expect(rig.row(id).key).toBe('k')
      }))

    test('finishes the jobs that are there, with onFailed and redrives, and ends with a resume', () =>
      rigged(
        (rig) => {
          const id = rig.enqueue()
          change(rig, 'drain')
          rig.settle(rig.claim(), rejected)
          expect(rig.claim({ runner: 'r2', tasks: { 'send/onFailed': 1 } }).task).toBe('send/onFailed')
          expect(rig.run('redrive', { id })).toMatchObject({ state: 'queued' })
          expect(rig.claim({ runner: 'r3' })).toMatchObject({ id })
          change(rig, 'resume')
          rig.enqueue()
          expect(rig.broken()).toEqual([])
        },
        { policies },
      ))
  })

  describe('settings', () => {
    const settings = (version: number, more: Partial<Settings> = {}): Settings => ({ ...noSettings, version, ...more })

    test.each<{ own: number; theirs: number; takes: boolean; because: string }>([
      { own: 5, theirs: 6, takes: true, because: 'they are newer' },
      { own: 5, theirs: 5, takes: false, because: 'the ledger has them' },
      { own: 5, theirs: 4, takes: false, because: 'a late answer does not undo a newer change' },
    ])('of version $theirs replace those of version $own: $takes, because $because', ({ own, theirs, takes }) =>
      rigged((rig) => {
        rig.run('adopt', settings(own))
        const before = rig.rowsWritten
        rig.run('adopt', settings(theirs, { paused: true }))
        expect(rig.core.settings).toEqual(settings(Math.max(own, theirs), { paused: takes }))
        expect(rig.rowsWritten - before).toBe(takes ? 1 : 0)
        rig.restart()
        expect(rig.core.settings.version).toBe(Math.max(own, theirs))
      }),
    )

    test('get versions that only grow, even when the clock steps back', () =>
      rigged((rig) => {
        const first = change(rig, 'pause', 'send').version
        rig.pass(-hourMs)
        const second = change(rig, 'resume', 'send').version
        rig.restart()
        const third = change(rig, 'pause', 'draw').version
        expect([second > first, third > second]).toEqual([true, true])
      }))

    test.each<{ changes: SettingsChange[]; tasks: Settings['tasks'] }>([
      { changes: [{ kind: 'pause', task: 'a' }], tasks: { a: { paused: true } } },
      {
        changes: [
          { kind: 'pause', task: 'a' },
          { kind: 'drain', task: 'a' },
          { kind: 'limits', task: 'a', limits: { concurrency: 2 } },
        ],
        tasks: { a: { paused: true, draining: true, limits: { concurrency: 2 } } },
      },
      {
        changes: [
          { kind: 'drain', task: 'a' },
          { kind: 'limits', task: 'a', limits: { concurrency: 2 } },
          { kind: 'resume', task: 'a' },
        ],
        tasks: { a: { limits: { concurrency: 2 } } },
      },
      {
        changes: [
          { kind: 'limits', task: 'a', limits: { concurrency: 2 } },
          { kind: 'limits', task: 'a', limits: undefined },
        ],
        tasks: {},
      },
      {
        changes: [
          { kind: 'pause', task: 'a' },
          { kind: 'limits', task: 'b', limits: { concurrency: 1 } },
          { kind: 'resume' },
        ],
        tasks: { b: { limits: { concurrency: 1 } } },
      },
    ])('after $changes are $tasks', ({ changes, tasks }) =>
      rigged((rig) => {
        for (const one of changes) rig.run('change', one)
        rig.restart()
        expect(rig.core.settings).toMatchObject({ paused: false, draining: false, tasks })
        expect(Object.keys(rig.core.settings.tasks)).toEqual(Object.keys(tasks))
      }),
    )

    test('that could not be written have no effect', () =>
      rigged((rig) => {
        rig.enqueue()
        rig.failFrom = 1
        expect(() => change(rig, 'pause')).toThrow('disk I/O error')
        rig.failFrom = undefined
        expect(rig.core.settings).toEqual(noSettings)
        expect(rig.claim()).toBeDefined()
      }))
  })
}
