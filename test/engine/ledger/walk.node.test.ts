/**
 * A random walk: every verb in any order, with runners that die, answers that are lost, statements that fail, restarts
 * at any step and a clock that jumps. Every promise holds after every step, and every job ends once the faults stop.
 */
import { describe, expect, test } from 'vitest'
import type { NewJob, Start } from '../../../src/engine/ledger/protocol/enqueue.ts'
import type { Claimed, Outcome, SyncRequest } from '../../../src/engine/ledger/protocol/sync.ts'
import { isFinal, type JobState } from '../../../src/engine/task/job.ts'
import { nodeSql } from '../../../src/testing/node-database.ts'
import {
  cancelled,
  completed,
  failed,
  heartbeatOf,
  minuteMs,
  Rig,
  rejected,
  seeded,
  settlementOf,
  withAlarm,
} from './rig.ts'

const steps = 500
/** Five fixed seeds, and a random one for each run. */
const seeds = [1, 2, 3, 4, 5, Math.floor(Math.random() * 2 ** 32)]
const tasks = { send: 25_000, draw: 60_000, keep: 1_000, 'send/onFailed': 25_000 }

interface WalkingRunner {
  readonly name: string
  seq: number
  ack: number
  held: Claimed[]
  /** The last sync, if its answer was lost. */
  unanswered: SyncRequest | undefined
}

class Walk {
  readonly rig: Rig
  readonly chance: () => number
  readonly done: string[] = []
  #runners: WalkingRunner[] = []
  #runnersMade = 0
  #past: SyncRequest[] = []
  #redriven = new Set<string>()
  #states = new Map<string, JobState>()

  constructor(seed: number) {
    const sql = nodeSql()
    this.chance = seeded(seed)
    const policies = {
      send: { onFailed: true },
      draw: { retentionMs: 5 * minuteMs },
      keep: { retentionMs: 60 * minuteMs },
    }
    const store = { ...withAlarm(sql), rowsWritten: sql.rowsWritten }
    this.rig = new Rig(store, { seed: seed + 1, retentionMs: 20 * minuteMs, policies })
  }

  step(): void {
    const act = this.#one([
      ...Array<() => void>(4).fill(() => this.#enqueue()),
      ...Array<() => void>(8).fill(() => this.#sync()),
      ...Array<() => void>(3).fill(() => this.#pass()),
      () => this.#control('cancel'),
      () => this.#control('redrive'),
      () => this.#replay(),
      () => this.#die(),
      () => this.#ring(),
      () => this.#restart(),
    ])
    // Sometimes the disk fails in the middle of a step, which then happens as a whole or not at all.
    if (this.chance() < 0.1) this.rig.failingIn = 1 + this.#upTo(12)
    try {
      act()
    } catch (error) {
      this.#say(`failed: ${error}`)
      if (!String(error).includes('disk I/O error')) throw error
    } finally {
      this.rig.failingIn = undefined
    }
  }

  /** What is wrong after a step. */
  broken(): string[] {
    const wrong = this.rig.broken()
    const rows = this.rig.rows()
    for (const { id, state, refunds } of rows) {
      const before = this.#states.get(id)
      const isMoved = before !== undefined && isFinal(before) && before !== state
      if (isMoved && !this.#redriven.has(id)) wrong.push(`I3: ${id} went from ${before} to ${state}`)
      if (refunds > 3) wrong.push(`I4: ${id} was given back ${refunds} times`)
    }
    for (const [id, state] of this.#states)
      if (!isFinal(state) && !rows.some((row) => row.id === id)) wrong.push(`I1: ${id} is gone from ${state}`)
    this.#states = new Map(rows.map(({ id, state }) => [id, state]))
    this.#redriven.clear()
    return wrong
  }

  /** The faults stop, and a runner without faults completes every job. */
  finish(): void {
    for (let round = 0; this.rig.rows().some(({ state }) => !isFinal(state)); round++) {
      if (round > 300) throw new Error('something due does not finish')
      this.rig.now = Math.max(this.rig.now + 1, this.rig.alarmAt ?? 0)
      this.rig.ring()
      const runner = `good-${round}`
      for (let seq = 1, settle: SyncRequest['settle'] = []; seq === 1 || settle.length > 0; seq++) {
        const { claimed } = this.rig.sync({ runner, seq, ack: seq - 1, tasks, settle, want: 10 })
        settle = claimed.map((job) => settlementOf(job, completed))
      }
    }
  }

  #enqueue(): void {
    const { rig } = this
    if (rig.rows().length > 120) return
    const jobs = Array.from({ length: 1 + this.#upTo(4) }, () => this.#job())
    const reply = rig.enqueueAll(jobs)
    this.#say(`enqueue ${jobs.map(({ id, task, start }) => `${id} ${task} ${start?.kind ?? ''}`)}`)
    for (const job of reply) {
      if (!('claimed' in job) || !job.claimed) continue
      const runner = this.#newRunner(job.claimed.lease.split('.')[0])
      Object.assign(runner, { seq: 1, ack: 1, held: [job.claimed] })
    }
    // A caller that got no answer repeats its call.
    if (this.chance() < 0.2) rig.enqueueAll(jobs)
  }

  #job(): NewJob {
    const { rig } = this
    const now = rig.now
    // Clocks of isolates differ: some ids are made in the past.
    if (this.chance() < 0.2) rig.now -= this.#upTo(minuteMs)
    const { id } = rig.job()
    rig.now = now
    const task = this.#one(['send', 'send', 'draw', 'keep'])
    const isKeyed = this.chance() < 0.3
    const isDelayed = this.chance() < 0.3
    const start = this.chance() < 0.2 ? this.#start(id) : undefined
    return rig.job({
      id,
      task,
      maxAttempts: 1 + this.#upTo(3),
      input: JSON.stringify(this.chance() < 0.05 ? 'x'.repeat(70_000) : this.#upTo(2)),
      ...(isKeyed && { key: `k${this.#upTo(5)}`, keyWins: this.chance() < 0.5 }),
      ...(isDelayed && { delayMs: this.#upTo(2 * minuteMs) }),
      ...(this.chance() < 0.3 && { priority: this.#upTo(4) - 2 }),
      ...(start && !isDelayed && { start }),
    })
  }

  #start(id: string): Start {
    const runner = `inline${id.slice(-6)}`
    return this.#one<Start>([
      { kind: 'claim', runner, leaseMs: 28_000 },
      { kind: 'running', runner, leaseMs: 5_000, ranMs: 25_000 },
      { kind: 'ended', outcome: failed, ranMs: 5 },
      { kind: 'ended', outcome: rejected, ranMs: 5 },
    ])
  }

  #sync(): void {
    const runner = this.#runners.length < 4 ? this.#newRunner() : this.#one(this.#runners)
    const repeated = runner.unanswered
    if (repeated && this.chance() < 0.5) {
      this.#ask(runner, repeated)
      return
    }
    if (repeated) {
      // The runner no longer waits for the answer, and settles the same jobs once more.
      runner.ack = repeated.seq
      runner.unanswered = undefined
    }
    const ending = runner.held.filter(() => this.chance() < 0.4)
    const known = Object.fromEntries(Object.entries(tasks).filter(() => this.chance() < 0.9))
    const going = runner.held.filter((job) => !ending.includes(job))
    runner.seq++
    this.#ask(runner, {
      runner: runner.name,
      seq: runner.seq,
      ack: runner.ack,
      tasks: known,
      settle: [...(repeated?.settle ?? []), ...ending.map((job) => settlementOf(job, this.#outcome()))],
      heartbeats: going.map((job) => ({
        ...heartbeatOf(job),
        ...(this.chance() < 0.3 && { progress: { value: 0.5 } }),
      })),
      want: this.#upTo(6),
      remainingMs: this.#upTo(2 * minuteMs),
      ...(going.length === 0 && this.chance() < 0.1 && { done: true }),
    })
  }

  #ask(runner: WalkingRunner, request: SyncRequest): void {
    this.#past.push(request)
    runner.unanswered = request
    runner.held = runner.held.filter(({ id }) => !request.settle.some((one) => one.id === id))
    this.#say(described(request))
    const reply = this.rig.sync(request, this.chance() < 0.3)
    this.#say(`claimed ${reply.claimed.map(({ id }) => id)} lost ${reply.lost}`)
    for (const { id, lease } of reply.claimed) expect(this.rig.row(id), 'I2').toMatchObject({ state: 'running', lease })
    if (this.chance() < 0.15) return
    runner.unanswered = undefined
    runner.ack = request.seq
    const held = new Set(runner.held.map(({ lease, id }) => lease + id))
    runner.held.push(...reply.claimed.filter(({ lease, id }) => !held.has(lease + id)))
    runner.held = runner.held.filter(({ id }) => !reply.lost.includes(id))
    if (request.done) this.#forget(runner)
  }

  /** An earlier sync arrives late or a second time. */
  #replay(): void {
    if (this.#past.length === 0) return
    const request = this.#one(this.#past.slice(-30))
    const { claimed } = this.rig.sync(request)
    this.#say(`replay ${request.runner} ${request.seq} claimed ${claimed.map(({ id }) => id)}`)
  }

  #control(verb: 'cancel' | 'redrive'): void {
    const rows = this.rig.rows()
    if (rows.length === 0) return
    const { id } = this.#one(rows)
    this.#say(`${verb} ${id}`)
    if (verb === 'cancel') {
      this.rig.run('cancel', id)
      return
    }
    this.#redriven.add(id)
    this.rig.run('redrive', { id })
  }

  #pass(): void {
    const ms = this.#upTo(this.#one([100, 2_000, 20_000, 5 * minuteMs]))
    this.#say(`pass ${ms}`)
    const until = this.rig.now + ms
    // Most alarms ring in time, and some are late.
    for (let rings = 0; rings < 20 && this.chance() < 0.9 && (this.rig.alarmAt ?? until) < until; rings++) {
      this.rig.now = Math.max(this.rig.now, this.rig.alarmAt ?? 0)
      this.#ring()
    }
    this.rig.now = Math.max(this.rig.now, until)
  }

  #ring(): void {
    const { rig } = this
    this.#say(`ring at ${rig.now}`)
    const warned = rig.warned.length
    rig.ring()
    if (rig.warned.length === warned) return
    // The alarm that the dispatcher armed after the failure rings.
    rig.failingIn = undefined
    this.#say(`failed, and is tried again: ${rig.warned.at(-1)}`)
    rig.now = Math.max(rig.now, rig.alarmAt ?? 0)
    rig.ring()
  }

  #restart(): void {
    this.#say('restart')
    this.rig.restart()
  }

  #die(): void {
    const runner = this.#runners.length > 0 ? this.#one(this.#runners) : undefined
    if (runner) this.#forget(runner)
  }

  #newRunner(name = `r${++this.#runnersMade}`): WalkingRunner {
    const runner: WalkingRunner = { name, seq: 0, ack: 0, held: [], unanswered: undefined }
    this.#runners.push(runner)
    return runner
  }

  #forget(runner: WalkingRunner): void {
    this.#runners = this.#runners.filter((one) => one !== runner)
  }

  #outcome(): Outcome {
    const bad: Outcome = { kind: 'failed', error: { name: 'E', message: 'm', n: 1n } as never }
    const soon: Outcome = { kind: 'snoozed', forMs: this.#upTo(30_000) }
    return this.#one([completed, completed, completed, failed, failed, rejected, cancelled, soon, bad])
  }

  #say(what: string): void {
    this.done.push(what)
  }

  #upTo(max: number): number {
    return Math.floor(this.chance() * (max + 1))
  }

  #one<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.chance() * choices.length)] as T
  }
}

function described({ runner, seq, ack, want, heartbeats, settle }: SyncRequest): string {
  const settles = settle.map(({ id, outcome }) => `${id} ${outcome.kind}`)
  return `sync ${runner} ${seq} ack ${ack} want ${want} heartbeats ${heartbeats.map(({ id }) => id)} settle ${settles}`
}

describe('a random walk over every verb', () => {
  test.each(seeds)('keeps every promise after every step, with seed %i', { timeout: 60_000 }, (seed) => {
    const walk = new Walk(seed)
    for (let step = 1; step <= steps; step++) {
      try {
        walk.step()
        expect(walk.broken()).toEqual([])
      } catch (error) {
        const last = walk.done.slice(-6).join('\n  ')
        throw new Error(`seed ${seed}, step ${step}, after\n  ${last}`, { cause: error })
      }
    }
    walk.finish()
    expect(walk.broken()).toEqual([])
  })
})
