/** A property of uniqueness: calls under any rules, between claims, ends, cancellations, restarts and times. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JobRowWithInput } from '../../../../src/engine/ledger/domain/row.ts'
import type { NewJob } from '../../../../src/engine/ledger/protocol/enqueue.ts'
import { isFinal } from '../../../../src/engine/task/job.ts'
import type { UniqueRule } from '../../../../src/engine/task/unique.ts'
import { Fleet, overfull } from '../fleet.ts'
import { failed, leaseMs, Rig, rejected, runs, type WithStore } from '../rig.ts'

const throttleMs = 10_000
const rules: Record<UniqueRule['kind'], UniqueRule> = {
  kept: { kind: 'kept' },
  finished: { kind: 'finished' },
  window: { kind: 'window', ms: 8_000 },
  debounce: { kind: 'debounce', ms: 3_000, maxWaitMs: 7_000 },
  throttle: { kind: 'throttle', ms: throttleMs },
  rerun: { kind: 'rerun' },
}
type Kind = keyof typeof rules
const allKinds = Object.keys(rules) as Kind[]

type Step =
  | { do: 'call'; key: string; kind: Kind; again: 'no' | 'at once' | 'after a restart'; expires: boolean }
  | { do: 'sync'; runner: string; want: number; ends: number; how: 'completed' | 'failed' | 'rejected' | 'snoozed' }
  | { do: 'die'; runner: string }
  | { do: 'cancel'; nth: number }
  | { do: 'pass'; ms: number; rings: boolean }
  | { do: 'restart' }

function steps(kinds: readonly Kind[], cancels: boolean): fc.Arbitrary<Step[]> {
  const runner = fc.constantFrom('r1', 'r2')
  const call = fc.record({
    do: fc.constant('call' as const),
    key: fc.constantFrom('k', 'k', 'l'),
    kind: fc.constantFrom(...kinds),
    again: fc.constantFrom('no' as const, 'no' as const, 'at once' as const, 'after a restart' as const),
    expires: fc.constantFrom(false, false, false, cancels),
  })
  const sync = fc.record({
    do: fc.constant('sync' as const),
    runner,
    want: fc.integer({ min: 0, max: 3 }),
    ends: fc.integer({ min: 0, max: 3 }),
    how: fc.constantFrom('completed' as const, 'completed' as const, 'failed', 'rejected', 'snoozed'),
  }) as fc.Arbitrary<Step>
  const pass = fc.record({
    do: fc.constant('pass' as const),
    ms: fc.oneof(fc.integer({ min: 0, max: 4_000 }), fc.constantFrom(leaseMs, throttleMs, 3_000)),
    rings: fc.boolean(),
  })
  const cancel = fc.record({ do: fc.constant('cancel' as const), nth: fc.nat(9) })
  return fc.array(
    fc.oneof(
      { weight: 5, arbitrary: call },
      { weight: 5, arbitrary: sync },
      { weight: 4, arbitrary: pass },
      { weight: cancels ? 1 : 0, arbitrary: cancel },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), runner }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
    ),
    { minLength: 8, maxLength: 45 },
  )
}

class Walk {
  readonly rig: Rig
  readonly fleet: Fleet
  /** By key, the job and the input of the newest call that did not join. */
  readonly newest = new Map<string, { id: string; input: string }>()
  #calls = 0

  constructor(rig: Rig) {
    this.rig = rig
    this.fleet = new Fleet(rig, ['send'])
  }

  perform(step: Step): void {
    const { rig, fleet } = this
    if (step.do === 'call') this.#call(step)
    else if (step.do === 'restart') rig.restart()
    else if (step.do === 'die') fleet.die(step.runner)
    else if (step.do === 'pass' && step.rings) rig.passRinging(step.ms)
    else if (step.do === 'pass') rig.pass(step.ms)
    else if (step.do === 'sync') {
      const outcome = { completed: undefined, failed, rejected, snoozed: { kind: 'snoozed', forMs: 900 } as const }
      fleet.sync(step.runner, step.want, step.ends, outcome[step.how])
    } else {
      const live = rig.rows().filter(({ state }) => !isFinal(state))
      const row = live[step.nth % Math.max(1, live.length)]
      if (row) rig.run('cancel', row.id)
    }
  }

  #call({ key, kind, again, expires }: Step & { do: 'call' }): void {
    const { rig } = this
    const job: NewJob = rig.job({
      key,
      unique: rules[kind],
      input: String(++this.#calls),
      maxAttempts: 2,
      ...(expires && { expiresInMs: throttleMs + 1_000 }),
    })
    const [reply] = rig.enqueueAll([job])
    if (!reply || 'refused' in reply) return
    if (rig.row(reply.id).input === job.input) this.newest.set(key, { id: reply.id, input: job.input })
    if (again === 'no') return
    const rows = rig.rows()
    if (again === 'after a restart') rig.restart()
    const [second] = rig.enqueueAll([job])
    expect(second).toMatchObject({ id: reply.id, duplicate: reply.duplicate })
    expect(rig.rows(), 'a repeated call changes nothing').toEqual(rows)
  }

  /** What is wrong after a step. */
  broken(kinds: readonly Kind[]): string[] {
    const rows = this.rig.rows()
    const wrong = this.rig.broken()
    const ofKey = (row: JobRowWithInput) => row.key ?? row.formerKey ?? ''
    for (const key of ['k', 'l']) {
      const own = rows.filter((row) => ofKey(row) === key)
      const holders = own.filter((row) => row.key === key && !isFinal(row.state))
      if (holders.length > 1) wrong.push(`I5: ${key} is held by ${holders.length} unfinished jobs`)
      const running = own.filter(({ state }) => state === 'running')
      const mayOverlap = kinds.includes('window') || kinds.length > 1
      if (!mayOverlap && running.length > 1) wrong.push(`${running.length} jobs of ${key} run at once`)
      for (const row of own) {
        const before = rows.find(({ id }) => id === row.after)
        if (row.state === 'running' && row.after !== null) wrong.push(`${row.id} runs and waits`)
        if (before && isFinal(before.state) && !isFinal(row.state)) wrong.push(`${row.id} waits for ${before.state}`)
        const waits = row.startedAt === null && (row.state === 'scheduled' || row.state === 'queued')
        const dueAt = row.notBefore ?? row.dueAt ?? 0
        const latest = Math.max(row.createdAt + 7_000, this.rig.now)
        if (kinds.length === 1 && kinds[0] === 'debounce' && waits && dueAt > latest)
          wrong.push(`${row.id} is pushed beyond its maxWait`)
      }
    }
    return wrong
  }

  /** The keys whose newest input was not run, or not run last, although its job was neither cancelled nor expired. */
  unrun(): string[] {
    return [...this.newest].flatMap(([key, { id, input }]) => {
      const row = this.rig.row(id)
      if (row.state === 'cancelled' || row.reason === 'expired') return []
      const inputs = this.fleet.begun.filter((one) => one.id === id).map((one) => one.input)
      return inputs.at(-1) === input ? [] : [`${key}: ${input} was not run, but ${inputs}`]
    })
  }
}

export function uniqueWalkSuite(withStore: WithStore): void {
  const walked = (kinds: readonly Kind[], cancels: boolean, after: (walk: Walk) => void = () => {}) =>
    fc.assert(
      fc.asyncProperty(steps(kinds, cancels), async (sequence) => {
        await withStore((store) => {
          const walk = new Walk(new Rig(store))
          for (const [nth, step] of sequence.entries()) {
            walk.perform(step)
            expect(walk.broken(kinds), `after step ${nth}`).toEqual([])
          }
          walk.fleet.finish()
          expect(walk.broken(kinds)).toEqual([])
          expect(walk.unrun()).toEqual([])
          after(walk)
        })
      }),
      runs(40),
    )

  describe('one key under any calls', { timeout: 120_000 }, () => {
    test('has one unfinished holder and runs the newest input with all rules mixed', () => walked(allKinds, true))

    test.each<Kind>(['finished', 'debounce', 'rerun', 'kept', 'window'])(
      'under %s alone runs one job at a time, or as the window allows, and runs the newest input last',
      (kind) => walked([kind], true),
    )

    test('under throttle alone starts jobs a window apart, whatever is cancelled or expires', () =>
      walked(['throttle'], true, ({ fleet, rig }) => {
        for (const key of ['k', 'l']) {
          const own = new Set(rig.rows().flatMap((row) => ((row.key ?? row.formerKey) === key ? [row.id] : [])))
          // A retry is not a new job, and it starts when its backoff is over.
          const firsts = new Map<string, number>()
          for (const { id, at } of fleet.begun) if (own.has(id) && !firsts.has(id)) firsts.set(id, at)
          expect(overfull([...firsts.values()], { limit: 1, perMs: throttleMs })).toEqual([])
        }
      }))
  })
}
