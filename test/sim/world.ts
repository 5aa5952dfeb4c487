/**
 * A deployment in one seed: isolates of one or two releases, ledgers, a queue and its consumers, the cron watchdog. All
 * of the engine is real, as `composeEngine` composes it; the platform below it is virtual.
 */
import type { Job } from '../../src/engine/task/job.ts'
import { Activation } from '../../src/testing/activation.ts'
import { Clock } from '../../src/testing/clock.ts'
import { Cloud } from '../../src/testing/cloud.ts'
import type { Invocation } from '../../src/testing/invocation.ts'
import type { Verb, VirtualLedger } from '../../src/testing/ledger.ts'
import { type Machine, machine } from '../../src/testing/machine.ts'
import type { Observer } from '../../src/testing/observer.ts'
import type { VirtualQueue } from '../../src/testing/queue.ts'
import { Attempts, watchAttempts } from './checks/attempts.ts'
import { watchOf, watchOver } from './checks/cause.ts'
import { LedgerWatch } from './checks/ledger-watch.ts'
import { Requests } from './checks/requests.ts'
import type { Claim } from './checks/rows.ts'
import { SeenDatabase } from './checks/seen-database.ts'
import type { MinuteStat, Violation } from './figures.ts'
import { anyReset, interfereWithLedger, interfereWithQueue } from './interference.ts'
import { isolateOf, SimIsolate } from './isolate.ts'
import { inMood } from './moods.ts'
import type { Plan } from './plan.ts'
import { briefRetentionMs, programOf, type SimProgram, sizesOf, type Version } from './program.ts'
import { Trace } from './trace.ts'
import { Weather } from './weather.ts'

/** What the platform gives an invocation. */
const subrequestsMax = 1_000
const queueWallMs = 15 * 60_000
const isolatesAtOnce = 3
/** Programs of each version there are at most. */
const programsMax = 3

export class World {
  readonly plan: Plan
  readonly clock = new Clock()
  readonly weather: Weather
  readonly trace: Trace
  readonly cloud: Cloud
  readonly minuteStat: MinuteStat = {}
  readonly requests: Requests
  readonly attempts: Attempts
  /** How often the handler of each job succeeded. */
  readonly effects = new Map<string, number>()
  violation: Violation | undefined
  /** Up to this time something is still to come: a delay ends, or an operator acts. */
  expectedUntil: number
  /** Requests that are being answered, or that have background work left. */
  readonly asking = new Set<Invocation>()
  /** Whether the cron trigger fires. */
  hasWatchdog = true
  isolates: SimIsolate[] = []
  readonly #programs: Record<Version, SimProgram[]> = { old: [], new: [] }

  constructor(plan: Plan) {
    this.plan = plan
    this.expectedUntil = this.clock.now
    this.trace = new Trace(this.clock)
    this.weather = new Weather(plan.seed, plan.faults)
    this.requests = new Requests(this.claim)
    this.attempts = new Attempts({
      claim: this.claim,
      isRecorded: (id) => this.#isRecorded(id),
      isClockTrue: () => this.#isClockTrue(),
    })
    this.cloud = this.#cloud()
    watchAttempts(this.cloud.around, this.attempts)
    interfereWithQueue(this, this.queue)
    for (const ledger of this.ledgers) this.#watch(ledger)
    this.isolates = Array.from({ length: isolatesAtOnce }, () => this.#isolate())
  }

  get ledgers(): readonly VirtualLedger[] {
    return this.cloud.ledgers
  }

  get queue(): VirtualQueue {
    return this.cloud.queue
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

  /** Ends all faults, and replaces every isolate by one of the new version with a clock that is right. */
  calm(): void {
    this.weather.isOver = true
    for (const isolate of this.isolates) this.retire(isolate)
    for (const ledger of this.ledgers) if (ledger.activation) ledger.restart(anyReset(this.weather))
  }

  /** Ends an isolate with everything in it. Another one takes its place. */
  retire(isolate: SimIsolate): void {
    if (isolate.isDead) return
    this.note(`${isolate.name} dies`)
    isolate.die()
    this.isolates = [...this.isolates.filter((one) => one !== isolate), this.#isolate()]
  }

  anyIsolate(): SimIsolate {
    return this.weather.dice('isolates').one(this.isolates)
  }

  /** A request to the Worker. */
  request<T>(work: (isolate: SimIsolate) => Promise<T>): Promise<T> {
    return this.cloud.request(this.anyIsolate(), (isolate, invocation) => {
      this.asking.add(invocation)
      invocation.ends.push(() => this.asking.delete(invocation))
      return work(isolate)
    })
  }

  /** Notes that somebody will act, or that something is due, at this time. */
  expects(at: number): void {
    this.expectedUntil = Math.max(this.expectedUntil, at)
  }

  /** Acts after `ms`, from outside. */
  later(ms: number, act: () => void): void {
    this.expects(this.clock.now + ms)
    this.clock.ring(this.clock.now + ms, act, 'traffic')
  }

  /** The cron trigger fires once. */
  watchdog(): void {
    void this.cloud.cron()
  }

  /** A caller has got its answer: from then on the engine must keep the job (I1). */
  accepted({ id }: Pick<Job, 'id'>): void {
    this.claim(this.#isRecorded(id), 'I1', () => `${id} was accepted and is not there`)
  }

  close(): void {
    this.cloud.close()
  }

  #isRecorded(id: string): boolean {
    const ledger = this.ledgers[Number(id.slice(0, id.indexOf('-')))]
    const rows = ledger && watchOf(ledger).rows
    return rows?.all.has(id) === true || rows?.pruned.has(id) === true
  }

  #isClockTrue(): boolean {
    const { clockStepsEveryMs, clockSkewMs } = this.plan.faults
    return clockStepsEveryMs === 0 && clockSkewMs === 0
  }

  #cloud(): Cloud {
    const { plan, weather, clock } = this
    const chance = weather.dice('machines')
    const word = () => Math.floor(chance.random() * 2 ** 32)
    return new Cloud({
      clock,
      random: () => {
        // Made of two 32-bit words, as a Worker's random numbers are.
        const [high, low] = [word(), word()]
        return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53
      },
      shards: plan.shards,
      database: () => new SeenDatabase(plan.bytesFactor),
      hibernates: plan.hibernates,
      consumersMax: plan.consumersMax,
      observer: this.#observer(),
      isolateFor: (kind) => {
        if (kind === 'direct') this.count('direct starts')
        return this.anyIsolate()
      },
      // A ledger has an isolate of its own, with its own clock and version, and no requests in it.
      home: () => this.#isolate(),
      subrequests: () => (weather.strikes('subrequestsFew') ? 2 + weather.upTo('subrequestsFew', 30) : subrequestsMax),
      consumerMs: () => {
        const { cutEarlyMs } = weather.faults
        return cutEarlyMs > 0 && !weather.isOver ? 1 + weather.upTo('cutEarlyMs', cutEarlyMs) : queueWallMs
      },
    })
  }

  #observer(): Observer {
    const { weather } = this
    return {
      logged: (on, event, details) => {
        if (on instanceof Activation && (event === 'alarm-failed' || event === 'ledger-not-opened'))
          watchOf(on.ledger).hasFailed = true
        if (event === 'background-not-recorded') this.attempts.gaveUp(details['job'] as string)
        this.note(`${on.name} ${event} ${JSON.stringify(details).slice(0, 160)}`)
      },
      ended: (invocation) => this.attempts.ended(invocation),
      consumerThrew: (_, error) => this.claim(false, 'error', () => `queue() threw ${String(error)}`),
      sent: (sender, count) => {
        if (sender instanceof Activation) watchOf(sender.ledger).idling.sent(sender.ledger.shard, count)
      },
      activating: (ledger) => watchOf(ledger).idling.activated(),
      hibernating: () => weather.count('hibernated'),
      rang: (ledger) => watchOf(ledger).idling.rang(ledger.shard),
      alarmAnswered: (ledger) => watchOf(ledger).alarmAnswered(),
      alarmFailed: (ledger, error) => watchOf(ledger).alarmFailed(ledger, error),
      answered: (ledger, kind, ms) => watchOf(ledger).held(ledger, kind, ms),
      settled: (ledger) => watchOf(ledger).settled(ledger),
      committed: (ledger, activation) => {
        const seen = (ledger.storage.database as SeenDatabase).take()
        if (seen.length === 0) return
        watchOf(ledger).committed(ledger, activation, seen)
        if (!weather.strikes('resetAfterCommit')) return
        ledger.restart(anyReset(weather))
        throw new Error('this object was reset')
      },
    }
  }

  #isolate(): SimIsolate {
    const { weather, cloud } = this
    const version = weather.strikes('oldVersion') ? 'old' : 'new'
    const program = this.#program(version)
    return new SimIsolate({
      name: `${version}${cloud.number()}`,
      version,
      program,
      around: cloud.around,
      bindings: cloud.bindings,
      skew: { ms: this.#skew() },
      speaksOld: version === 'old' && weather.strikes('oldRequests'),
    })
  }

  /** One of a few programs of a version. Setting up a program costs more than most runs of it, so they are used again. */
  #program(version: Version): SimProgram {
    const { plan, weather, cloud } = this
    const known = this.#programs[version]
    const turn = cloud.numbered % programsMax
    const program = known[turn]
    if (program) return program
    const made = programOf(plan, version, cloud.host, {
      run: (input, context, child) =>
        inMood(input, context, {
          dice: weather.dice('handlers'),
          effect: (job) => this.effects.set(job, (this.effects.get(job) ?? 0) + 1),
          kill: () => this.retire(isolateOf(machine())),
          child,
        }),
    })
    known[turn] = made
    return made
  }

  #skew(): number {
    const { weather } = this
    const { clockSkewMs } = weather.faults
    if (weather.isOver || clockSkewMs === 0) return 0
    return weather.dice('clockSkewMs').between(-Math.ceil(clockSkewMs), Math.ceil(clockSkewMs))
  }

  /** A call to a ledger, in the form that the release of its caller gives it. */
  async #call(ledger: VirtualLedger, caller: Machine, verb: Verb, asked: readonly unknown[]): Promise<unknown> {
    const { weather, clock } = this
    const answer = ledger.call(caller, verb, isolateOf(caller).speaksOld ? asOld(verb, asked) : asked)
    this.count(`rpc ${verb}`)
    if (weather.strikes('diesAtAwait')) {
      // The caller dies before it gets the answer, while its request or the answer is on its way.
      clock.ring(clock.now + weather.upTo('diesAtAwait', 8), () => caller.die(), 'platform')
    }
    return answer
  }

  #watch(ledger: VirtualLedger): void {
    const { plan, clock } = this
    const watch = new LedgerWatch({
      claim: this.claim,
      note: (text) => this.note(text),
      count: (name, n) => this.count(name, n),
      retentionMs: (task) => (task === 'brief' ? Math.min(plan.retentionMs, briefRetentionMs) : plan.retentionMs),
      mayPruneEarly: plan.bytesFactor > 1,
      plan: plan.rules,
      catchUpMax: sizesOf(plan).catchUpMax,
      isClockTrue: () => this.#isClockTrue(),
      trueNow: () => clock.now,
      requests: this.requests,
      attempts: this.attempts,
    })
    watchOver(ledger, watch)
    interfereWithLedger(this, ledger)
    ledger.reach = (caller, verb, asked) => this.#call(ledger, caller, verb, asked)
  }
}

/** A request as the previous release makes it: without the fields that were added since. */
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
