/**
 * Runners over a rig. Each sends its syncs in order and holds the jobs that it has claimed; the fleet records when each
 * job started. For tests in which many jobs start and end, and the times of the starts matter.
 */
import type { Claimed, Outcome, SyncReply, SyncRequest } from '../../../src/engine/ledger/protocol/sync.ts'
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
  /** A runner that takes the place of a dead one has another name. */
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

  /** A runner settles the first `ends` of its jobs, sends heartbeats for the others, and claims. */
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

  /** Records attempts that no sync of this fleet has started. */
  began(claimed: readonly Claimed[]): void {
    for (const { id, task, partition = '', input } of claimed)
      this.begun.push({ at: this.#rig.now, id, task, partition, input })
  }

  /** A runner dies: it sends no further sync. */
  die(runner: string): void {
    this.#members.delete(runner)
  }

  /** The times at which jobs of a task, or of one of its partitions, started. */
  starts(task: string, partition?: string): number[] {
    return this.begun
      .filter((one) => one.task === task && (partition === undefined || one.partition === partition))
      .map(({ at }) => at)
  }

  /** The faults stop, and a new runner comes at every ring of the alarm, until every job has ended. */
  finish(): void {
    const rig = this.#rig
    for (const runner of this.#members.keys()) this.die(runner)
    for (let round = 0; rig.rows().some(({ state }) => !isFinal(state)); round++) {
      if (round > 2_000) throw new Error(`something due does not finish: ${JSON.stringify(rig.rows())}`)
      rig.now = Math.max(rig.now + 1, rig.alarmAt ?? 0)
      rig.ring()
      const runner = `good${round}`
      for (let claims = 1; claims > 0; ) claims = this.sync(runner, 10).claimed.length
    }
  }
}

/** The windows of `perMs` in which more than `limit` jobs started. There are none while the limit holds. */
export function overfull(starts: readonly number[], { limit, perMs }: { limit: number; perMs: number }): number[][] {
  return starts.flatMap((at, index) => {
    const next = starts[index + limit]
    return next !== undefined && next - at < perMs ? [[at, next]] : []
  })
}
