/**
 * A deployment in one seed: isolates of one or two versions, ledgers, a queue and its consumers, the cron watchdog. All
 * of the engine is the real one, from `createChard` down; the platform below it is virtual.
 */
import { verbNames } from '../../src/engine/ledger/host/verbs.ts'
import type { Job } from '../../src/engine/task/job.ts'
import { Clock } from '../engine/virtual/clock.ts'
import { Attempts } from './checks/attempts.ts'
import './checks/cause.ts'
import { LedgerWatch } from './checks/ledger-watch.ts'
import { Requests } from './checks/requests.ts'
import type { Claim } from './checks/rows.ts'
import type { MinuteStat, Violation } from './figures.ts'
import { inMood } from './moods.ts'
import type { Plan } from './plan.ts'
import { Activation } from './platform/activation.ts'
import { Invocation } from './platform/invocation.ts'
import { Isolate, type Program, type Version } from './platform/isolate.ts'
import { LedgerObject, type Verb } from './platform/ledger-object.ts'
import { type Machine, machine, type Surroundings } from './platform/machine.ts'
import { Queue } from './platform/queue.ts'
import { briefRetentionMs, programOf } from './program.ts'
import { Trace } from './trace.ts'
import { Weather } from './weather.ts'

/** What the platform gives an invocation. */
const subrequestsMax = 1_000
const queueWallMs = 15 * 60_000
const afterResponseMs = 30_000
const isolatesAtOnce = 3
/** Slots that the engine makes up for at most, unless a plan says fewer. */
const catchUpMaxOutside = 100
/** Programs of each version there are at most. */
const programsMax = 3

export class World {
  readonly clock = new Clock()
  readonly weather: Weather
  readonly trace: Trace
  readonly ledgers: readonly LedgerObject[]
  readonly queue: Queue
  readonly minuteStat: MinuteStat = {}
  readonly requests: Requests
  readonly attempts: Attempts
  /** How often each job's handler went well. */
  readonly effects = new Map<string, number>()
  violation: Violation | undefined
  /** Until then something is still to come of what was asked: a delay, somebody who steers. */
  expectedUntil: number
  /** Requests from outside that are being answered, or do something after their answer. */
  readonly asking = new Set<Invocation>()
  /** The cron trigger fires. */
  hasWatchdog = true
  isolates: Isolate[] = []
  readonly #around: Surroundings
  readonly #programs: Record<Version, Program[]> = { old: [], new: [] }
  #named = 0

  constructor(readonly plan: Plan) {
    this.expectedUntil = this.clock.now
    this.trace = new Trace(this.clock)
    this.weather = new Weather(plan.seed, plan.faults)
    const chance = this.weather.dice('machines')
    this.requests = new Requests(this.claim)
    this.attempts = new Attempts({
      claim: this.claim,
      isRecorded: (id) => this.#isRecorded(id),
      isClockTrue: () => this.#isClockTrue(),
    })
    this.#around = {
      attempts: this.attempts,
      clock: this.clock,
      random: () => chance.random(),
      log: (on, event, details) => {
        if (on instanceof Activation && (event === 'alarm-failed' || event === 'ledger-not-opened'))
          on.ledger.hasFailed = true
        if (event === 'background-not-recorded') this.attempts.gaveUp(details['job'] as string)
        this.note(`${on.name} ${event} ${JSON.stringify(details).slice(0, 160)}`)
      },
    }
    this.queue = new Queue({
      clock: this.clock,
      weather: this.weather,
      consumersMax: plan.consumersMax,
      consume: (batch) => this.#consume(batch),
    })
    this.ledgers = Array.from({ length: plan.shards }, (_, shard) => this.#ledger(shard))
    this.isolates = Array.from({ length: isolatesAtOnce }, () => this.#isolate())
  }

  readonly claim: Claim = (holds, invariant, message) => {
    if (holds || this.violation) return
    this.violation = { seed: this.plan.seed, invariant, message: message() }
    this.note(`VIOLATION ${invariant}: ${this.violation.message}`)
  }

  note(text: string): void {
    this.trace.note(text)
  }

  count(name: string, n = 1): void {
    this.minuteStat[name] = (this.minuteStat[name] ?? 0) + n
  }

  ledgerOf(id: string): LedgerObject | undefined {
    return this.ledgers[Number(id.slice(0, id.indexOf('-')))]
  }

  /** Faults end; every isolate is replaced by one of the new version, and the clocks are right. */
  calm(): void {
    this.weather.isOver = true
    for (const isolate of this.isolates) this.retire(isolate)
    for (const ledger of this.ledgers) if (ledger.activation) ledger.reset(ledger.anyReset())
  }

  /** An isolate dies with everything in it; another takes its place. */
  retire(isolate: Isolate): void {
    if (isolate.isDead) return
    this.note(`${isolate.name} dies`)
    isolate.die()
    this.isolates = [...this.isolates.filter((one) => one !== isolate), this.#isolate()]
  }

  anyIsolate(): Isolate {
    return this.weather.dice('isolates').one(this.isolates)
  }

  /** A request to the Worker: it is answered when `work` is done, and cut half a minute later. */
  request<T>(work: (isolate: Isolate) => Promise<T>): Promise<T> {
    const isolate = this.anyIsolate()
    const invocation = this.#invocation(isolate, 'web')
    this.asking.add(invocation)
    invocation.ends.push(() => this.asking.delete(invocation))
    return new Promise((resolve, reject) => {
      invocation
        .run(() => work(isolate))
        .then(resolve, reject)
        .finally(() => this.#cut(invocation, afterResponseMs))
    })
  }

  /** Somebody outside will act, or something falls due, at this moment. */
  expects(at: number): void {
    this.expectedUntil = Math.max(this.expectedUntil, at)
  }

  /** Somebody outside acts after `ms`. */
  later(ms: number, act: () => void): void {
    this.expects(this.clock.now + ms)
    this.clock.ring(this.clock.now + ms, act, 'traffic')
  }

  /** The cron trigger's handler. */
  watchdog(): void {
    const isolate = this.anyIsolate()
    const invocation = this.#invocation(isolate, 'cron')
    void invocation.run(() => isolate.program.worker.scheduled()).finally(() => invocation.die())
  }

  /** An answer has arrived: from then on the job is the engine's to keep (I1). */
  accepted({ id }: Pick<Job, 'id'>): void {
    this.claim(this.#isRecorded(id), 'I1', () => `${id} was accepted and is not there`)
  }

  #isRecorded(id: string): boolean {
    const rows = this.ledgerOf(id)?.ports.watch.rows
    return rows?.all.has(id) === true || rows?.pruned.has(id) === true
  }

  #isClockTrue(): boolean {
    const { clockStepsEveryMs, clockSkewMs } = this.plan.faults
    return clockStepsEveryMs === 0 && clockSkewMs === 0
  }

  close(): void {
    for (const { storage } of this.ledgers) storage.close()
  }

  #invocation(isolate: Isolate, kind: string): Invocation {
    const few = this.weather.strikes('subrequestsFew')
    const subrequests = few ? 2 + this.weather.upTo('subrequestsFew', 30) : subrequestsMax
    return new Invocation(`${kind}${++this.#named}@${isolate.name}`, isolate, subrequests)
  }

  #cut(invocation: Invocation, ms: number): void {
    if (invocation.isDead) return
    if (invocation.unfinished === 0) {
      invocation.die()
      return
    }
    invocation.ends.push(this.clock.ring(this.clock.now + ms, () => invocation.die(), 'platform'))
  }

  async #consume(batch: MessageBatch): Promise<boolean> {
    const isolate = this.anyIsolate()
    const invocation = this.#invocation(isolate, 'queue')
    const { cutEarlyMs } = this.weather.faults
    const isCutEarly = cutEarlyMs > 0 && !this.weather.isOver
    const wallMs = isCutEarly ? 1 + this.weather.upTo('cutEarlyMs', cutEarlyMs) : queueWallMs
    const died = new Promise<boolean>((resolve) => {
      invocation.ends.push(
        this.clock.ring(this.clock.now + wallMs, () => invocation.die(), 'platform'),
        () => resolve(false),
      )
    })
    const ended = invocation
      .run(() => isolate.program.worker.queue(batch))
      .then(
        () => true,
        (error: unknown) => {
          this.claim(false, 'error', () => `queue() threw ${String(error)}`)
          return false
        },
      )
    const isEnded = await Promise.race([ended, died])
    invocation.die()
    return isEnded
  }

  #sendBatch(messages: readonly { body: unknown }[]): Promise<void> {
    const sender = machine()
    if (sender instanceof Activation) sender.ledger.ports.watch.idling.sent(sender.ledger.shard, messages.length)
    return this.queue.sendBatch(sender, messages)
  }

  /** A ledger starts a runner in an invocation of its own. */
  async #startRunner(shard: number): Promise<void> {
    const isolate = this.anyIsolate()
    const invocation = this.#invocation(isolate, 'direct')
    this.count('direct starts')
    const { Runner } = isolate.program.worker
    const ctx = { waitUntil: (promise: Promise<unknown>) => invocation.waitUntil(promise) }
    await invocation.run(() => new Runner(ctx as never, {} as never).start(shard))
    this.#cut(invocation, afterResponseMs)
  }

  #isolate(): Isolate {
    const { weather } = this
    const version = weather.strikes('oldVersion') ? 'old' : 'new'
    const program = this.#program(version)
    const isolate: Isolate = new Isolate(
      `${version}${++this.#named}`,
      version,
      program,
      this.#around,
      { ms: this.skew() },
      { LEDGER: this.#namespace(() => isolate), JOBS: { sendBatch: (messages: never) => this.#sendBatch(messages) } },
      { Runner: { start: (shard: number) => this.#startRunner(shard) } },
      version === 'old' && weather.strikes('oldRequests'),
    )
    return isolate
  }

  /** A program set up before, in turn, or a new one: setting one up costs more than most runs of it. */
  #program(version: Version): Program {
    const { plan, weather } = this
    const known = this.#programs[version]
    const turn = this.#named % programsMax
    const program = known[turn]
    if (program) return program
    const made = programOf(plan, version, {
      run: (input, context, child) =>
        inMood(input, context, {
          dice: weather.dice('handlers'),
          effect: (job) => this.effects.set(job, (this.effects.get(job) ?? 0) + 1),
          kill: () => this.retire((machine() as Invocation).isolate),
          child,
        }),
    })
    known[turn] = made
    return made
  }

  skew(): number {
    const { weather } = this
    const { clockSkewMs } = weather.faults
    if (weather.isOver || clockSkewMs === 0) return 0
    return weather.dice('clockSkewMs').between(-Math.ceil(clockSkewMs), Math.ceil(clockSkewMs))
  }

  #namespace(isolate: () => Isolate) {
    const stub = (shard: number) =>
      Object.fromEntries(
        verbNames.map((verb) => [verb, (...asked: unknown[]) => this.#call(machine(), isolate(), shard, verb, asked)]),
      )
    return {
      idFromName: (name: string) => ({ name }),
      get: ({ name }: { name: string }) => stub(Number(name.slice('shard-'.length))),
    }
  }

  async #call(
    caller: Machine,
    { speaksOld, silentUntil }: Isolate,
    shard: number,
    verb: Verb,
    asked: readonly unknown[],
  ): Promise<unknown> {
    const { weather } = this
    const ledger = this.ledgers[shard] as LedgerObject
    const said = speaksOld ? asOld(verb, asked) : asked
    const isCutOff = !weather.isOver && this.clock.now < silentUntil
    const answer = ledger.call(caller as Invocation | Activation, verb, said, isCutOff)
    this.count(`rpc ${verb}`)
    if (weather.strikes('diesAtAwait')) {
      // It has asked, and dies before it hears: at any moment of the way there and back.
      this.clock.ring(this.clock.now + weather.upTo('diesAtAwait', 8), () => caller.die(), 'platform')
    }
    return answer
  }

  #ledger(shard: number): LedgerObject {
    const { plan, weather, clock } = this
    const watch = new LedgerWatch({
      claim: this.claim,
      note: (text) => this.note(text),
      count: (name, n) => this.count(name, n),
      retentionMs: (task) => (task === 'brief' ? Math.min(plan.retentionMs, briefRetentionMs) : plan.retentionMs),
      mayPruneEarly: plan.bytesFactor > 1,
      plan: plan.flow,
      catchUpMax: plan.sizes['catchUpMax'] ?? catchUpMaxOutside,
      isClockTrue: () => this.#isClockTrue(),
      trueNow: () => clock.now,
      requests: this.requests,
      attempts: this.attempts,
    })
    const ports = {
      weather,
      watch,
      bytesFactor: plan.bytesFactor,
      hibernates: plan.hibernates,
      // A ledger's machine is not an isolate that requests share: it has its own clock and its own version.
      home: () => this.#isolate(),
    }
    return new LedgerObject(shard, ports, clock)
  }
}

/** A request as the previous release makes it: without what has been added since. */
function asOld(verb: Verb, asked: readonly unknown[]): readonly unknown[] {
  if (verb === 'wake') return []
  if (verb !== 'sync') return asked
  const [request] = asked
  const { ack, settle, heartbeats, ...rest } = request as Record<string, unknown> & {
    settle: object[]
    heartbeats: object[]
  }
  void ack
  const said = {
    ...rest,
    settle: settle.map((one) => ({ ...one, progress: undefined, log: undefined })),
    heartbeats: heartbeats.map((one) => ({ ...one, progress: undefined })),
  }
  return [said]
}
