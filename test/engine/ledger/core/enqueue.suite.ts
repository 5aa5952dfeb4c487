import { describe, expect, test } from 'vitest'
import type { NewJob, Start } from '../../../../src/engine/ledger/protocol/protocol.ts'
import { completed, failed, hourMs, leaseMs, Rig, rejected, startOfTests, type WithStore } from '../rig.ts'

export function enqueueSuite(withStore: WithStore): void {
  const rigged = (work: (rig: Rig) => void, ...options: [] | [ConstructorParameters<typeof Rig>[1]]) =>
    withStore((store) => work(new Rig(store, ...options)))

  describe('enqueue', () => {
    describe('when a job is due', () => {
      test.each<[what: string, more: Partial<NewJob>, state: string, dueAt: number | null, because: string]>([
        ['a plain job', {}, 'queued', null, 'nothing makes it wait, and no index finds it but its id'],
        ['a delay of nothing', { delayMs: 0 }, 'queued', null, 'it is due at once'],
        ['a delay', { delayMs: hourMs }, 'scheduled', startOfTests + hourMs, "it counts from the ledger's now"],
        ['a moment to come', { at: startOfTests + 5 }, 'scheduled', startOfTests + 5, 'it is not due before then'],
        ['this very moment', { at: startOfTests }, 'queued', null, 'now is due'],
        ['a moment that is past', { at: startOfTests - hourMs }, 'queued', null, 'the past means now'],
        ['both', { at: startOfTests + 5, delayMs: 9 }, 'scheduled', startOfTests + 9, 'neither may be broken'],
      ])('%s: %j is %s with due_at %s, because %s', (_, more, state, dueAt) =>
        rigged((rig) => {
          const id = rig.enqueue(more)
          expect(rig.row(id)).toMatchObject({ state, dueAt, attempt: 0, createdAt: startOfTests })
          expect(rig.alarmAt).toBe(dueAt ?? startOfTests + 500)
          expect(rig.broken()).toEqual([])
        }),
      )
    })

    describe('what was recorded before', () => {
      test('the same id records nothing twice, in one call and in two', () =>
        rigged((rig) => {
          const job = rig.job()
          expect(rig.enqueueAll([job, job])).toMatchObject([{ duplicate: false }, { duplicate: false }])
          expect(rig.enqueueAll([job])).toEqual([{ id: job.id, state: 'queued', duplicate: false }])
          expect(rig.rows()).toHaveLength(1)
        }))

      test('a call of which a part was recorded records the rest, and tells how far that part is', () =>
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
        ['keys in another order', { input: '{"b":[{"d":2,"c":1}],"a":1}' }, { duplicate: true }, 'order says nothing'],
        [
          'another input',
          { input: '{"a":2}' },
          { refused: 'key-conflict' },
          'the caller would get an answer to another question',
        ],
        [
          'an array in another order',
          { input: '{"a":1,"b":[]}' },
          { refused: 'key-conflict' },
          'order in arrays does say something',
        ],
        [
          'another input of a child',
          { input: '{"a":2}', keyWins: true },
          { duplicate: true },
          'a retried handler may not be deterministic',
        ],
        ['another task', { task: 'draw' }, { duplicate: false }, 'a key belongs to its task'],
        ['another key', { key: 'other' }, { duplicate: false }, 'it is another job'],
      ])('a known key with %s: %j answers %j, because %s', (_, more, answer) =>
        rigged((rig) => {
          const first = rig.job({ key: 'k', input: '{"a":1,"b":[{"c":1,"d":2}]}' })
          rig.enqueueAll([first])
          const second = rig.job({ ...first, id: rig.job().id, ...more })
          expect(rig.enqueueAll([second])).toMatchObject([answer])
          expect(rig.broken()).toEqual([])
        }),
      )

      test('a key repeated within one batch is one job', () =>
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

      test('a refused job does not keep its neighbours out', () =>
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

      test('a repeated call arms the alarm again: the first may have been the one that died', () =>
        rigged((rig) => {
          const job = rig.job()
          rig.enqueueAll([job])
          rig.core.arm(rig.now + hourMs)
          rig.enqueueAll([job])
          expect(rig.alarmAt).toBe(rig.now + 500)
        }))

      test('a repeated call for a job that runs arms nothing in the past', () =>
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

    describe('the home count', () => {
      test('is recorded by the first job and held against every later one, after a restart too', () =>
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

    describe("with a first attempt of the caller's own", () => {
      const claim: Start = { kind: 'claim', runner: 'inline', leaseMs: 28_000 }

      test('startNow answers the claim with the job, leased to the caller', () =>
        rigged((rig) => {
          const [reply] = rig.enqueueAll([rig.job({ start: claim, tags: ['t'] })])
          expect(reply).toMatchObject({ state: 'running', claimed: { attempt: 1, leaseMs: 28_000, tags: ['t'] } })
          expect(rig.alarmAt).toBe(rig.now + 28_000)
          expect(rig.broken()).toEqual([])
        }))

      test('startNow that is repeated gets the lease of the first time', () =>
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

      test('startNow of a job that is not due yet waits for its time', () =>
        rigged((rig) => {
          const [reply] = rig.enqueueAll([rig.job({ start: claim, delayMs: hourMs })])
          expect(reply).toMatchObject({ state: 'scheduled' })
          expect(reply).not.toHaveProperty('claimed')
        }))

      test('startNow whose isolate dies lapses, and a runner takes over', () =>
        rigged((rig) => {
          const id = rig.enqueue({ start: claim })
          rig.pass(28_000)
          rig.ring()
          expect(rig.record(id)).toMatchObject({ state: 'retrying', attempt: 1, history: [{ outcome: 'lapsed' }] })
          expect(rig.claim()).toMatchObject({ id, attempt: 2 })
        }))

      test('a background task near its cut is recorded as running since it began', () =>
        rigged((rig) => {
          const id = rig.enqueue({ start: { kind: 'running', runner: 'inline', leaseMs: 5_000, ranMs: 25_000 } })
          expect(rig.record(id)).toMatchObject({ state: 'running', attempt: 1, startedAt: rig.now - 25_000 })
          expect(rig.alarmAt).toBe(rig.now + 5_000)
        }))

      test('a background task that threw is recorded with that attempt counted', () =>
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
        { outcome: rejected, maxAttempts: 5, state: 'failed rejected', because: 'it said it can never work' },
      ])(
        'a background task that threw is $state and hands over to onFailed, because $because',
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
      test('a row above 64 KiB goes by itself, beside small ones in the same batch', () =>
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
      ])('a key and a tag of %j come back as they went in, alone and in a batch', (text) =>
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

    test('many jobs in one call share one alarm, the earliest', () =>
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
