/**
 * Watches every attempt from outside: which attempts run, under which lease, and what becomes of those that the background
 * tier ran before there was a row.
 */
import { Attempt, type AttemptResult } from '../../../src/engine/runner/attempt.ts'
import { type Machine, machine, type Surroundings } from '../../../src/testing/machine.ts'
import type { Claim } from './rows.ts'

/** Two attempts at one job may overlap by this much, while the older one is being told to stop. */
const overlapMs = 1

export interface AttemptsPorts {
  readonly claim: Claim
  /** True for a job that is recorded, or that was recorded and has been pruned. */
  readonly isRecorded: (id: string) => boolean
  /** False when clocks may be wrong: then a runner cannot know when its lease ends. */
  readonly isClockTrue: () => boolean
}

interface Seen {
  readonly attempt: Attempt
  readonly on: Machine
  isEnded: boolean
}

export class Attempts {
  readonly #ports: AttemptsPorts
  readonly #byJob = new Map<string, Set<Seen>>()
  readonly #leases = new Set<string>()
  /** Background attempts that went wrong and are to be recorded, by their job. */
  readonly #owed = new Map<string, Machine>()

  constructor(ports: AttemptsPorts) {
    this.#ports = ports
  }

  /** True when an attempt of this job has begun to run under this lease. Jobs of one claim share a lease. */
  hasStarted(id: string, lease: string | null): boolean {
    return this.#leases.has(`${id} ${lease}`)
  }

  async watch(attempt: Attempt, run: () => Promise<AttemptResult>): Promise<AttemptResult> {
    const on = machine()
    const { id, lease } = attempt.claimed
    const seen: Seen = { attempt, on, isEnded: false }
    const others = this.#byJob.get(id) ?? new Set()
    this.#byJob.set(id, others)
    for (const other of others) if (isLive(other)) this.#meet(seen, other)
    others.add(seen)
    if (lease !== '') this.#leases.add(`${id} ${lease}`)
    const result = await run()
    seen.isEnded = true
    others.delete(seen)
    if (lease === '' && result.outcome.kind !== 'completed') this.#owed.set(id, on)
    return result
  }

  /** The engine has logged that it gave up recording this job. */
  gaveUp(id: string): void {
    this.#owed.delete(id)
  }

  /** A machine has ended. Work that it did not finish is lost with it, and work that it finished is recorded (I1). */
  ended(on: Machine): void {
    for (const [id, owner] of this.#owed) {
      if (owner !== on) continue
      this.#owed.delete(id)
      const isLeft = on.unfinished === 0 && !this.#ports.isRecorded(id)
      this.#ports.claim(!isLeft, 'I1', () => `${id} went wrong in the background, and is not recorded`)
    }
  }

  /** I2: of two attempts at one job, one has been told to stop or is about to be told. */
  #meet(newer: Seen, older: Seen): void {
    const { claim, isClockTrue } = this.#ports
    const { clock } = newer.on.around
    const check = () => {
      const [one, other] = [newer.attempt.claimed, older.attempt.claimed]
      const isDouble = isLive(newer) && isLive(older) && isClockTrue()
      claim(!isDouble, 'I2', () => `${one.id} runs twice at once, as ${other.lease} and as ${one.lease}`)
    }
    clock.ring(clock.now + overlapMs, check, 'checks')
  }
}

function isLive({ attempt, on, isEnded }: Seen): boolean {
  return !isEnded && !on.isDead && attempt.stopped === undefined
}

const watching = new WeakMap<Surroundings, Attempts>()

/** From now on `attempts` watches those on machines with these surroundings. */
export function watchAttempts(around: Surroundings, attempts: Attempts): void {
  watching.set(around, attempts)
}

const run = Attempt.prototype.run
Attempt.prototype.run = function (this: Attempt) {
  const attempts = watching.get(machine().around)
  return attempts ? attempts.watch(this, () => run.call(this)) : run.call(this)
}
