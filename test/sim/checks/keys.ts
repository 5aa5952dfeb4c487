/**
 * Jobs of one key (I5). The first letter of a key says which rules its calls have, as the plan draws them: `m` rules that
 * run one job at a time, `t` throttle, `d` debounce, `w` window, `a` any.
 */

import { isReady } from '../../../src/engine/ledger/domain/row.ts'
import type { EnqueueReply, EnqueueRequest, NewJob } from '../../../src/engine/ledger/protocol/enqueue.ts'
import { isRefusal } from '../../../src/engine/ledger/protocol/refusal.ts'
import { isFinal } from '../../../src/engine/task/job.ts'
import type { Cause } from './cause.ts'
import type { Claim, Row, Rows } from './rows.ts'

export interface KeysPorts {
  readonly claim: Claim
  readonly rows: Rows
  readonly isClockTrue: () => boolean
  readonly mayPruneEarly: boolean
}

export class Keys {
  readonly #ports: KeysPorts
  /** Jobs of each key that are not pruned. */
  readonly #families = new Map<string, Set<string>>()
  /** Calls whose input a job has taken. */
  readonly #taken = new Set<string>()
  /** The newest input that a job has taken and not run yet. */
  readonly #owed = new Map<string, string>()
  /** The newest job of each key that has begun, and the newest that was made, with their times. */
  readonly #begun = new Map<string, { id: string; at: number }>()
  readonly #made = new Map<string, { id: string; at: number }>()

  /** Keys with a job that was redriven. It may run beside the others. */
  readonly #redriven = new Set<string>()

  constructor(ports: KeysPorts) {
    this.#ports = ports
  }

  written(before: Row | undefined, after: Row, cause: Cause | undefined): void {
    const family = familyOf(after)
    if (family === undefined || cause === undefined) return
    const call = cause.verb === 'enqueue' ? this.#callOf(before, after, cause.request) : undefined
    if (!before) this.#added(after, family, call, cause.now)
    else if (call) this.#renewed(before, after, call, cause.now)
    const isBegun = after.state === 'running' && before?.state !== 'running'
    if (isBegun) this.#starts(before, after, family, cause.now)
    if (isFinal(after.state) && before && !isFinal(before.state)) {
      const isLeft = after.state === 'completed' && this.#owed.has(after.id)
      this.#ports.claim(!isLeft, 'I5', () => `${after.id} has completed without having run ${this.#owed.get(after.id)}`)
      this.#owed.delete(after.id)
    }
    // A redriven job does not hold its key, and may have another input.
    if (!before || !isFinal(before.state) || isFinal(after.state)) return
    this.#owed.delete(after.id)
    this.#redriven.add(family)
  }

  /** A job has ended and its commit is complete: a job that waited for this end does not wait any more. */
  ended({ id }: Row): void {
    for (const row of this.#ports.rows.live.values())
      this.#ports.claim(row.after !== id, 'I5', () => `${row.id} waits for ${id}, which has ended`)
  }

  removed(row: Row): void {
    const family = familyOf(row)
    if (family !== undefined) this.#families.get(family)?.delete(row.id)
  }

  /** A call was answered. Under rules of the newest input, a job has taken its input. */
  answered({ jobs }: EnqueueRequest, reply: EnqueueReply): void {
    if (isRefusal(reply)) return
    for (const [index, job] of jobs.entries()) {
      const enqueued = reply.jobs[index]
      if (!isNewestWins(job) || !enqueued || isRefusal(enqueued)) continue
      this.#ports.claim(
        this.#taken.has(job.id),
        'I5',
        () => `a call with ${job.key} is answered with ${enqueued.id}, and nobody has taken its input`,
      )
    }
  }

  /** The call that this write belongs to, unless an earlier write did. */
  #callOf(before: Row | undefined, after: Row, { jobs }: EnqueueRequest): NewJob | undefined {
    const call = jobs.find(({ id, key }) => (before ? key === after.key && key !== undefined : id === after.id))
    if (!call || this.#taken.has(call.id)) return undefined
    if (before && isTagged(before, after)) return undefined
    const isTaken = !before || (before.key === after.key && !isFinal(after.state) && isNewestWins(call))
    if (!isTaken) return undefined
    this.#taken.add(call.id)
    return call
  }

  #added(row: Row, family: string, call: NewJob | undefined, now: number): void {
    const { claim, rows } = this.#ports
    const others = this.#families.get(family) ?? new Set()
    this.#families.set(family, others)
    if (isOneAtATime(row) && !this.#redriven.has(family)) {
      for (const id of others) {
        const other = rows.live.get(id)
        const isAllowed = !other || row.after === id
        claim(
          isAllowed,
          'I5',
          () => `${row.id} is made beside ${other?.state} ${id} of its key, and waits for ${row.after}`,
        )
      }
    }
    others.add(row.id)
    const made = this.#made.get(family)
    if (isOf('w', row) && made && call?.unique?.kind === 'window' && this.#canKnow()) {
      const { ms } = call.unique
      claim(row.createdAt - made.at >= ms, 'I5', () => `${row.id} and ${made.id} are both made within ${ms} ms`)
    }
    this.#made.set(family, { id: row.id, at: row.createdAt })
    if (!call || !isNewestWins(call)) return
    this.#owed.set(row.id, row.input)
    if (call.unique?.kind === 'debounce') {
      const at = row.after === null ? row.dueAt : row.notBefore
      const until = now + call.unique.ms
      claim(at === until, 'I5', () => `${row.id} is to rest until ${until}, has ${at}`)
    }
  }

  #renewed(before: Row, after: Row, call: NewJob, now: number): void {
    const { claim } = this.#ports
    const isIt = after.input === call.input && after.state !== 'running'
    claim(isIt, 'I5', () => `${after.id} is ${after.state} with ${after.input}, and a call has ${call.input}`)
    this.#owed.set(after.id, call.input)
    if (call.unique?.kind !== 'debounce' || before.after !== null) return
    const { ms, maxWaitMs = Number.POSITIVE_INFINITY } = call.unique
    const isResting = before.startedAt === null && !isReady(before, now)
    const at = isResting ? Math.max(now, Math.min(now + ms, before.createdAt + maxWaitMs)) : before.dueAt
    claim(
      after.dueAt === at,
      'I5',
      () => `${after.id}, made at ${before.createdAt} and called at ${now}, is to rest until ${at}, has ${after.dueAt}`,
    )
  }

  #starts(before: Row | undefined, row: Row, family: string, now: number): void {
    const { claim, rows } = this.#ports
    const owed = this.#owed.get(row.id)
    claim(owed === undefined || owed === row.input, 'I5', () => `${row.id} runs ${row.input}, and was given ${owed}`)
    this.#owed.delete(row.id)
    if (this.#redriven.has(family)) return
    if (isOneAtATime(row)) {
      for (const id of this.#families.get(family) ?? []) {
        const isBeside = id !== row.id && rows.live.get(id)?.state === 'running'
        claim(!isBeside, 'I5', () => `${row.id} runs beside ${id} of its key`)
      }
    }
    if (before && before.startedAt !== null) return
    const last = this.#begun.get(family)
    if (isOf('t', row) && last && last.id !== row.id && this.#canKnow())
      claim(now - last.at >= throttleMs, 'I5', () => `${row.id} starts ${now - last.at} ms after ${last.id} of its key`)
    this.#begun.set(family, { id: row.id, at: now })
  }

  #canKnow(): boolean {
    return this.#ports.isClockTrue() && !this.#ports.mayPruneEarly
  }
}

/** The throttle of `t` keys. */
const throttleMs = 7_000

function isNewestWins({ unique }: NewJob): boolean {
  return unique?.kind === 'debounce' || unique?.kind === 'throttle' || unique?.kind === 'rerun'
}

function familyOf({ task, partition, key, formerKey }: Row): string | undefined {
  const own = key ?? formerKey
  return own === null || !/^[mtdwa]\d+$/.test(own) ? undefined : `${task} ${partition} ${own}`
}

function isOneAtATime(row: Row): boolean {
  return isOf('m', row) || isOf('t', row) || isOf('d', row)
}

function isOf(letter: string, { key, formerKey }: Row): boolean {
  return (key ?? formerKey ?? '').startsWith(letter)
}

/** True when the watermark has passed a live row, which only gets a due time by that. An enqueue may move it, too. */
function isTagged(before: Row, after: Row): boolean {
  return before.dueAt === null && after.dueAt !== null && before.state === after.state && before.input === after.input
}
