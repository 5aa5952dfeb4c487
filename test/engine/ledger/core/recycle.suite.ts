import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { migrations } from '../../../../src/engine/ledger/storage/schema.ts'
import { completed, dayMs, hourMs, minuteMs, Rig, riggedBy, runs, type WithStore } from '../rig.ts'

const steps = [
  'job',
  'job',
  'job',
  'keyed',
  'kept',
  'many',
  'hour',
  'day',
  'week',
  'ring',
  'restart',
  'redrive',
] as const

export function recycleSuite(withStore: WithStore): void {
  const rigged = riggedBy(withStore)

  let runners = 0
  const finished = (rig: Rig, more: object = {}): string => {
    const id = rig.enqueue(more)
    rig.settle(rig.claim({ runner: `r${runners++}` }), completed)
    return id
  }
  /** Makes completed jobs, a minute apart. */
  const history = (rig: Rig, count: number, more: object = {}): string[] =>
    Array.from({ length: count }, () => {
      rig.pass(minuteMs)
      return finished(rig, more)
    })
  const ids = (rig: Rig) => rig.rows().map(({ id }) => id)

  describe('a new job', () => {
    test('takes over the row of the oldest job whose retention is over', () =>
      rigged((rig) => {
        const old = history(rig, 5)
        rig.pass(7 * dayMs)
        const before = rig.rowsWritten
        const fresh = rig.enqueue({ tags: ['new'] })
        // Rows become recyclable, the watermark moves, and one row is written for the job.
        expect(rig.rowsWritten - before).toBeLessThanOrEqual(3)
        expect(ids(rig)).toEqual([...old.slice(1), fresh])
        expect(rig.row(fresh)).toMatchObject({
          state: 'queued',
          attempt: 0,
          finishedAt: null,
          output: null,
          history: null,
        })
        expect(rig.broken()).toEqual([])
      }))

    test('that is recorded already takes over no row', () =>
      rigged((rig) => {
        history(rig, 5)
        const job = rig.job()
        rig.enqueueAll([job])
        rig.pass(7 * dayMs)
        rig.enqueue()
        const before = ids(rig)
        expect(rig.enqueueAll([job])).toMatchObject([{ id: job.id, duplicate: false }])
        expect(ids(rig)).toEqual(before)
        expect(rig.broken()).toEqual([])
      }))

    test('writes one row where many jobs have ended before it, and the counts are right after a restart', () =>
      rigged((rig) => {
        history(rig, 200)
        rig.pass(7 * dayMs)
        rig.enqueue()
        for (let count = 0; count < 50; count++) {
          if (count % 10 === 0) rig.restart()
          const before = rig.rowsWritten
          rig.enqueue()
          expect(rig.rowsWritten - before).toBe(1)
          expect(rig.broken()).toEqual([])
        }
        expect(rig.core.memory.counts.total()).toMatchObject({ completed: 149, queued: 51 })
      }))

    test('takes over a row even when hundreds come at once', () =>
      rigged((rig) => {
        history(rig, 300)
        rig.pass(7 * dayMs)
        const before = rig.rowsWritten
        rig.enqueueAll(Array.from({ length: 290 }, () => rig.job()))
        expect(rig.rowsWritten - before).toBeLessThanOrEqual(290 + 3)
        expect(rig.rows().filter(({ state }) => state === 'completed')).toHaveLength(10)
        expect(rig.broken()).toEqual([])
      }))

    test.each([
      { what: 'a job whose retention is not over', more: {}, passes: 7 * dayMs - hourMs },
      { what: 'a job that holds a key', more: { key: 'k' }, passes: 7 * dayMs },
      { what: 'a job that its task keeps for longer', more: { task: 'draw' }, passes: 7 * dayMs },
    ])('never takes over the row of $what', ({ more, passes }) =>
      rigged(
        (rig) => {
          const old = history(rig, 1, more)
          rig.pass(passes)
          const fresh = rig.enqueue()
          expect(ids(rig)).toEqual([...old, fresh])
          expect(rig.broken()).toEqual([])
        },
        { policies: { draw: { retentionMs: 30 * dayMs } } },
      ),
    )

    test('never takes over the row of a redriven job', () =>
      rigged((rig) => {
        const [first = '', ...others] = history(rig, 4)
        rig.pass(7 * dayMs)
        rig.enqueue()
        rig.restart()
        const [second = '', ...rest] = others
        rig.run('redrive', { id: second })
        const fresh = rig.enqueue()
        expect(ids(rig)).not.toContain(first)
        expect(ids(rig)).toContain(second)
        expect(ids(rig)).not.toContain(rest[0])
        expect(rig.state(fresh)).toBe('queued')
        expect(rig.broken()).toEqual([])
      }))
  })

  test('a row that no new job takes over is swept', () =>
    rigged((rig) => {
      history(rig, 100)
      rig.pass(7 * dayMs)
      rig.enqueue()
      rig.pass(dayMs)
      rig.ring()
      expect(rig.rows()).toHaveLength(1)
      expect(rig.broken()).toEqual([])
    }))

  test('jobs with a key or a longer retention do not stop new jobs from taking over the rows after them', () =>
    rigged(
      (rig) => {
        for (let count = 0; count < 40; count++) {
          history(rig, 1, { key: `k${count}` })
          history(rig, 1, { task: 'draw' })
          history(rig, 3)
        }
        rig.pass(7 * dayMs)
        for (let count = 0; count < 110; count++) rig.enqueue()
        expect(
          rig.rows().filter(({ task, key, state }) => task === 'send' && !key && state === 'completed').length,
        ).toBeLessThan(40)
        expect(rig.broken()).toEqual([])
      },
      { policies: { draw: { retentionMs: 30 * dayMs } } },
    ))

  test('no row is taken over once a later release has written here, because its columns would be kept', () =>
    rigged((rig) => {
      const old = history(rig, 3)
      rig.sql.all('INSERT INTO schema_versions (version, applied_at) VALUES (?, 1)', migrations.length + 1)
      rig.restart()
      rig.pass(8 * dayMs)
      const fresh = rig.enqueue()
      expect(ids(rig)).toEqual([...old, fresh])
    }))

  test('the counts agree with the rows while rows are taken over, under any steps', { timeout: 60_000 }, () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...steps), { minLength: 20, maxLength: 60 }), async (walk) => {
        await withStore((store) => {
          const rig = new Rig(store, { policies: { draw: { retentionMs: 30 * dayMs } } })
          for (const [nth, step] of walk.entries()) {
            rig.pass(minuteMs)
            perform(rig, step)
            expect(rig.broken(), `after step ${nth}`).toEqual([])
          }
        })
      }),
      runs(20),
    ),
  )

  function perform(rig: Rig, step: (typeof steps)[number]): void {
    if (step === 'job') finished(rig)
    else if (step === 'keyed') finished(rig, { key: `k${rig.now}` })
    else if (step === 'kept') finished(rig, { task: 'draw' })
    else if (step === 'many') rig.enqueueAll(Array.from({ length: 70 }, () => rig.job()))
    else if (step === 'ring') rig.ring()
    else if (step === 'restart') rig.restart()
    else if (step === 'redrive') {
      const ended = rig.rows().find(({ state }) => state === 'completed')
      if (ended) rig.run('redrive', { id: ended.id })
    } else rig.pass({ hour: hourMs, day: dayMs, week: 7 * dayMs }[step])
  }
}
