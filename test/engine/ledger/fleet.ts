/**
 * Runners over a rig: each speaks its syncs in order, holds what it was given, and remembers when what was started. For
 * tests in which many jobs start and end, and the moments are what matters.
 */
import type { Claimed, Outcome, SyncReply, SyncRequest } from '../../../src/engine/ledger/protocol/protocol.ts'
import { isFinal } from '../../../src/engine/task/job.ts'
import { completed, heartbeatOf, type Rig, settlementOf } from './rig.ts'

export interface Begun {
  readonly at: number
  readonly id: string
  readonly task: string
  readonly partition: string
  readonly input: string
}

interface Member {
  /** A runner that comes after a dead one is another one. */
  readonly name: string
  seq: number
  held: Claimed[]
}

export class Fleet {
  /** Every start, in order. */
  readonly begun: Begun[] = []
  readonly #rig: Rig
  readonly #tasks: Readonly<Record<string, number>>
  readonly #members = new Map<string, Member>()
  #made = 0

  constructor(rig: Rig, tasks: readonly string[]) {
    this.#rig = rig
    this.#tasks = Object.fromEntries(tasks.map((task) => [task, 1_000]))
  }

  held(runner: string): readonly Claimed[] {
    return this.#members.get(runner)?.held ?? []
  }

  /** A runner settles the first `ends` of what it holds, beats for the rest, and claims. */
  sync(runner: string, want: number, ends = Infinity, outcome: Outcome = completed, more = {}): SyncReply {
    const member = this.#members.get(runner) ?? { name: `${runner}x${this.#made++}`, seq: 0, held: [] }
    this.#members.set(runner, member)
    const ending = member.held.slice(0, ends)
    const going = member.held.slice(ending.length)
    member.seq++
    const request: SyncRequest = {
      runner: member.name,
      seq: member.seq,
      ack: member.seq - 1,
      tasks: this.#tasks,
      settle: ending.map((job) => settlementOf(job, outcome)),
      heartbeats: going.map(heartbeatOf),
      want,
      remainingMs: 600_000,
      ...more,
    }
    const reply = this.#rig.core.sync(request, this.#rig.now)
    member.held = [...going.filter(({ id }) => !reply.lost.includes(id)), ...reply.claimed]
    this.began(reply.claimed)
    return reply
  }

  /** Attempts that began in another way. */
  began(claimed: readonly Claimed[]): void {
    for (const { id, task, partition = '', input } of claimed)
      this.begun.push({ at: this.#rig.now, id, task, partition, input })
  }

  /** Nothing is heard of a runner any more. */
  die(runner: string): void {
    this.#members.delete(runner)
  }

  /** The moments at which something of a task, or of one of its partitions, started. */
  starts(task: string, partition?: string): number[] {
    return this.begun
      .filter((one) => one.task === task && (partition === undefined || one.partition === partition))
      .map(({ at }) => at)
  }

  /** Faults stop: good runners come whenever the alarm rings, until everything has ended. */
  finish(): void {
    const rig = this.#rig
    for (const runner of this.#members.keys()) this.die(runner)
    for (let turn = 0; rig.rows().some(({ state }) => !isFinal(state)); turn++) {
      if (turn > 2_000) throw new Error(`something due does not finish: ${JSON.stringify(rig.rows())}`)
      rig.now = Math.max(rig.now + 1, rig.alarmAt ?? 0)
      rig.ring()
      const runner = `good${turn}`
      for (let claims = 1; claims > 0; ) claims = this.sync(runner, 10).claimed.length
    }
  }
}

/** The windows of `perMs` in which more than `limit` started: none, while the limit holds. */
export function overfull(starts: readonly number[], { limit, perMs }: { limit: number; perMs: number }): number[][] {
  return starts.flatMap((at, index) => {
    const next = starts[index + limit]
    return next !== undefined && next - at < perMs ? [[at, next]] : []
  })
}
