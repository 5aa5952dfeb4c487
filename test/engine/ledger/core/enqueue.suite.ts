import { describe, expect, test } from 'vitest'
import type { NewJob, Start } from '../../../../src/engine/ledger/protocol/enqueue.ts'
import { completed, failed, hourMs, leaseMs, rejected, riggedBy, startOfTests, type WithStore } from '../rig.ts'

export function enqueueSuite(withStore: WithStore): void {
  const rigged = riggedBy(withStore)

  describe('enqueue', () => {
    describe('due times', () => {
      test.each<[what: string, more: Partial<NewJob>, state: string, dueAt: number | null, because: string]>([
        ['no option', {}, 'queued', null, 'nothing makes it wait, and only its id is indexed'],
        ['a delay of zero', { delayMs: 0 }, 'queued', null, 'it is due at once'],
        ['a delay', { delayMs: hourMs }, 'scheduled', startOfTests + hourMs, "it counts from the ledger's clock"],
        ['a future time', { at: startOfTests + 5 }, 'scheduled', startOfTests + 5, 'it is not due before then'],
        ['the present time', { at: startOfTests }, 'queued', null, 'that time has come'],
        ['a past time', { at: startOfTests - hourMs }, 'queued', null, 'a past time means now'],
        ['both', { at: startOfTests + 5, delayMs: 9 }, 'scheduled', startOfTests + 9, 'the later time holds'],
      ])('a job with %s (%j) is %s with due_at %s, because %s', (_, more, state, dueAt) =>
        rigged((rig) => {
          const id = rig.enqueue(more)
          expect(rig.row(id)).toMatchObject({ state, dueAt, attempt: 0, createdAt: startOfTests })
          expect(rig.alarmAt).toBe(dueAt ?? startOfTests + 500)
          expect(rig.broken()).toEqual([])
        }),
      )
    })

    describe('repeated ids and keys', () => {
      test('a repeated id records one job, within one call and in two', () =>
        rigged((rig) => {
          const job = rig.job()
          expect(rig.enqueueAll([job, job])).toMatchObject([{ duplicate: false }, { duplicate: false }])
          expect(rig.enqueueAll([job])).toEqual([{ id: job.id, state: 'queued', duplicate: false }])
          expect(rig.rows()).toHaveLength(1)
        }))

      test('a call of which some jobs are already recorded records the others and answers the state of each', () =>
        rigged((rig) => {
          const [first, second, third] = [rig.job(), rig.job(), rig.job()]
          rig.enqueueAll([first, second])
          rig.settle(rig.claim({ want: 1 }), completed)
          expect(rig.enqueueAll([third, second, first])).toMatchObject([
            { id: third.id, state: 'queued' },
            { id: second.id, state: 'queued' },
            { id: first.id, state: 'completed' },
          ])
          expect(rig.rows()).toHaveLength(3)
          expect(rig.broken()).toEqual([])
        }))

      test.each<[what: string, more: Partial<NewJob>, answer: object, because: string]>([
        ['the same input', {}, { duplicate: true }, 'a retried call means the same job'],
        ['another property order', { input: '{"b":[{"d":2,"c":1}],"a":1}' }, { duplicate: true }, 'order is ignored'],
        [
          'another input',
          { input: '{"a":2}' },
          { refused: 'key-conflict' },
          'the caller would get the result of another input',
        ],
        [
          'an array in another order',
          { input: '{"a":1,"b":[]}' },
          { refused: 'key-conflict' },
          'the order of an array matters',
        ],
        [
          'another input of a child',
          { input: '{"a":2}', keyWins: true },
          { duplicate: true },
          'a retried handler may not be deterministic',
        ],
        ['another task', { task: 'draw' }, { duplicate: false }, 'a key belongs to its task'],
        ['another key', { key: 'other' }, { duplicate: false }, 'it is another job'],
      ])('a known key with %s (%j) answers %j, because %s', (_, more, answer) =>
        rigged((rig) => {
          const first = rig.job({ key: 'k', input: '{"a":1,"b":[{"c":1,"d":2}]}' })
          rig.enqueueAll([first])
          const second = rig.job({ ...first, id: rig.job().id, ...more })
          expect(rig.enqueueAll([second])).toMatchObject([answer])
          expect(rig.broken()).toEqual([])
        }),
      )

      test('a key that is repeated within one batch makes one job', () =>
        rigged((rig) => {
          const [first, second] = [rig.job({ key: 'k' }), rig.job({ key: 'k' })]
          const other = rig.job({ key: 'k', input: '[]' })
          expect(rig.enqueueAll([first, second, other])).toMatchObject([
            { id: first.id, duplicate: false },
            { id: first.id, duplicate: true },
            { refused: 'key-conflict' },
          ])
          expect(rig.rows()).toHaveLength(1)
        }))

      test('a refused job does not stop the other jobs of its batch', () =>
        rigged((rig) => {
          rig.enqueue({ key: 'k' })
          const replies = rig.enqueueAll([rig.job(), rig.job({ key: 'k', input: '[]' }), rig.job()])
          expect(replies).toMatchObject([{ state: 'queued' }, { refused: 'key-conflict' }, { state: 'queued' }])
          expect(rig.rows()).toHaveLength(3)
        }))

      test('a finished job holds its key for as long as it is kept', () =>
        rigged((rig) => {
          const id = rig.enqueue({ key: 'k' })
          rig.settle(rig.claim(), completed)
          expect(rig.enqueueAll([rig.job({ key: 'k' })])).toMatchObject([{ id, state: 'completed', duplicate: true }])
        }))

      test('a repeated call arms the alarm again, because the first call may have died', () =>
        rigged((rig) => {
          const job = rig.job()
          rig.enqueueAll([job])
          rig.core.arm(rig.now + hourMs)
          rig.enqueueAll([job])
          expect(rig.alarmAt).toBe(rig.now + 500)
        }))

      test('a repeated call for a running job arms no alarm in the past', () =>
        rigged((rig) => {
          const job = rig.job({ key: 'k' })
          rig.enqueueAll([job])
          rig.settle(rig.claim(), failed)
          rig.pass(1_000)
          rig.ring()
          rig.claim({ runner: 'r2' })
          rig.ring()
          rig.enqueueAll([rig.job({ key: 'k' })])
          expect(rig.alarmAt).toBeGreaterThan(rig.now)
        }))
    })

    describe('the number of home shards', () => {
      test('is recorded by the first job, and another number is refused later, after a restart too', () =>
        rigged((rig) => {
          rig.enqueue()
          for (const again of [() => {}, () => rig.restart()]) {
            again()
            const reply = rig.core.enqueue({ homeShards: 4, jobs: [rig.job()] }, rig.now)
            expect(reply).toMatchObject({
              refused: 'home-shards-mismatch',
              message: expect.stringContaining('began with 8'),
            })
          }
          expect(rig.rows()).toHaveLength(1)
        }))

      test('is not remembered when its transaction is rolled back', () =>
        rigged((rig) => {
          rig.failingIn = 3
          expect(() => rig.enqueue()).toThrow('disk I/O error')
          rig.failingIn = undefined
          expect(rig.core.enqueue({ homeShards: 4, jobs: [rig.job()] }, rig.now)).toMatchObject({
            jobs: [{ state: 'queued' }],
          })
        }))
    })

    describe('a first attempt that the caller runs', () => {
      const claim: Start = { kind: 'claim', runner: 'inline', leaseMs: 28_000 }

      test('startNow answers a claim of the job, leased to the caller', () =>
        rigged((rig) => {
          const [reply] = rig.enqueueAll([rig.job({ start: claim, tags: ['t'] })])
          expect(reply).toMatchObject({ state: 'running', claimed: { attempt: 1, leaseMs: 28_000, tags: ['t'] } })
          expect(rig.alarmAt).toBe(rig.now + 28_000)
          expect(rig.broken()).toEqual([])
        }))

      test('a repeated startNow answers the lease of the first call', () =>
        rigged((rig) => {
          const job = rig.job({ start: claim })
          const first = rig.enqueueAll([job])
          rig.restart()
          expect(rig.enqueueAll([job])).toEqual(first)
        }))

      test('startNow with a known key claims nothing', () =>
        rigged((rig) => {
          rig.enqueueAll([rig.job({ key: 'k', start: claim })])
          const [second] = rig.enqueueAll([rig.job({ key: 'k', start: claim })])
          expect(second).toMatchObject({ state: 'running', duplicate: true })
          expect(second).not.toHaveProperty('claimed')
        }))

      test('startNow of a job that is not due yet leaves it scheduled', () =>
        rigged((rig) => {
          const [reply] = rig.enqueueAll([rig.job({ start: claim, delayMs: hourMs })])
          expect(reply).toMatchObject({ state: 'scheduled' })
          expect(reply).not.toHaveProperty('claimed')
        }))

      test('the attempt of a startNow lapses when its isolate dies, and a runner takes over', () =>
        rigged((rig) => {
          const id = rig.enqueue({ start: claim })
          rig.pass(28_000)
          rig.ring()
          expect(rig.record(id)).toMatchObject({ state: 'retrying', attempt: 1, history: [{ outcome: 'lapsed' }] })
          expect(rig.claim()).toMatchObject({ id, attempt: 2 })
        }))

      test('a background attempt that is about to be cut off is recorded as running since it began', () =>
        rigged((rig) => {
          const id = rig.enqueue({ start: { kind: 'running', runner: 'inline', leaseMs: 5_000, ranMs: 25_000 } })
          expect(rig.record(id)).toMatchObject({ state: 'running', attempt: 1, startedAt: rig.now - 25_000 })
          expect(rig.alarmAt).toBe(rig.now + 5_000)
        }))

      test('a background attempt that threw is recorded and counted', () =>
        rigged((rig) => {
          const id = rig.enqueue({ start: { kind: 'ended', outcome: failed, ranMs: 70 } })
          const attempt = { attempt: 1, startedAt: rig.now - 70, endedAt: rig.now, outcome: 'failed' }
          expect(rig.record(id)).toMatchObject({
            state: 'retrying',
            attempt: 1,
            dueAt: rig.now + 1_000,
            history: [attempt],
          })
          expect(rig.broken()).toEqual([])
        }))

      test.each([
        { outcome: failed, maxAttempts: 1, state: 'failed exhausted', because: 'it had one attempt' },
        { outcome: rejected, maxAttempts: 5, state: 'failed rejected', because: 'it was rejected' },
      ])(
        'a background attempt that threw leaves the job $state and hands over to onFailed, because $because',
        ({ outcome, maxAttempts, state }) =>
          rigged(
            (rig) => {
              const id = rig.enqueue({ maxAttempts, input: '{"to":"a"}', start: { kind: 'ended', outcome, ranMs: 1 } })
              expect(rig.state(id)).toBe(state)
              const claimed = rig.claim({ tasks: { 'send/onFailed': 1_000 } })
              expect(JSON.parse(claimed.input)).toMatchObject({
                input: { to: 'a' },
                job: { id, attempt: 1 },
                error: { name: 'Error' },
              })
            },
            { policies: { send: { onFailed: true } } },
          ),
      )
    })

    describe('rows of any size and text', { timeout: 30_000 }, () => {
      test('a row above 64 KiB is written by itself, beside small rows of the same batch', () =>
        rigged((rig) => {
          const inputs = ['"a"', JSON.stringify('x'.repeat(400_000)), '"b"', JSON.stringify('é'.repeat(200_000)), '"c"']
          const replies = rig.enqueueAll(inputs.map((input) => rig.job({ input })))
          expect(replies.map((reply) => 'id' in reply && rig.row(reply.id).input)).toEqual(inputs)
          const { claimed } = rig.sync({ want: 10 })
          expect(claimed.map(({ input }) => input).sort()).toEqual([...inputs].sort())
        }))

      test('5,000 jobs are recorded, claimed and settled in bulk', () =>
        rigged((rig) => {
          rig.enqueueAll(Array.from({ length: 5_000 }, (_, n) => rig.job({ input: `{"n":${n}}` })))
          expect(rig.core.memory.counts.total().queued).toBe(5_000)
          expect(
            rig
              .rows()
              .map(({ input }) => JSON.parse(input).n)
              .sort((a, b) => a - b),
          ).toEqual(Array.from({ length: 5_000 }, (_, n) => n))
          let settle = rig
            .sync({ want: 5_000 })
            .claimed.map(({ id, lease }) => ({ id, lease, outcome: completed, ranMs: 1 }))
          expect(settle).toHaveLength(500)
          for (let seq = 2; settle.length > 0; seq++)
            settle = rig
              .sync({ seq, want: 500, settle })
              .claimed.map(({ id, lease }) => ({ id, lease, outcome: completed, ranMs: 1 }))
          expect(rig.core.memory.counts.total()).toMatchObject({ queued: 0, running: 0, completed: 5_000 })
        }))

      test.each([
        'quotes " and \\ and \' and %',
        'é ü ß 漢字 \u{1f600} \u2028',
        'null',
        '12',
        '1e3',
        '{"a":1}',
        ' spaces ',
        'a'.repeat(512),
      ])('a key and a tag of %j are read back unchanged, alone and in a batch', (text) =>
        rigged((rig) => {
          const job = (more: Partial<NewJob>) => rig.job({ input: JSON.stringify(text), tags: [text], ...more })
          const jobs = [job({ key: `${text}1` }), job({ key: `${text}2` }), job({ key: text })]
          rig.enqueueAll(jobs.slice(0, 2))
          rig.enqueueAll(jobs.slice(2))
          for (const { id, key } of jobs)
            expect(rig.record(id)).toMatchObject({ idempotencyKey: key, tags: [text], input: text })
          for (const { key } of jobs)
            expect(rig.enqueueAll([job({ key: key ?? '' })])).toMatchObject([{ duplicate: true }])
        }),
      )
    })

    test('of many jobs in one call arms one alarm, at the earliest of their times', () =>
      rigged((rig) => {
        rig.enqueueAll([
          rig.job({ delayMs: hourMs }),
          rig.job({ delayMs: 70 }),
          rig.job({ start: { kind: 'claim', runner: 'i', leaseMs } }),
        ])
        expect(rig.alarmAt).toBe(rig.now + 70)
      }))
  })
}
