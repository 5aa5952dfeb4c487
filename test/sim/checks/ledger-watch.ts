/**
 * Watches one ledger at every commit, answer and event. Compares the rows with the requests, the alarm with unfinished
 * work, and memory with the rows.
 */

import { isReady, type JobRow } from '../../../src/engine/ledger/domain/row.ts'
import { LedgerCore } from '../../../src/engine/ledger/host/core.ts'
import type { EnqueueReply, EnqueueRequest } from '../../../src/engine/ledger/protocol/enqueue.ts'
import type { SyncReply, SyncRequest } from '../../../src/engine/ledger/protocol/sync.ts'
import { jobStatements } from '../../../src/engine/ledger/storage/jobs.ts'
import type { Sql } from '../../../src/engine/ledger/storage/sql.ts'
import { isFinal, jobStates } from '../../../src/engine/task/job.ts'
import type { ActivatedLedger, Activation } from '../../../src/testing/activation.ts'
import type { CallKind, VirtualLedger } from '../../../src/testing/ledger.ts'
import type { RulesPlan } from '../plan-rules.ts'
import type { Attempts } from './attempts.ts'
import { type Cause, causeOf, coreOf } from './cause.ts'
import { Idling } from './idling.ts'
import type { Requests } from './requests.ts'
import { type Claim, type Row, Rows } from './rows.ts'
import { RulesWatch } from './rules-watch.ts'
import type { Seen, SeenRow } from './seen.ts'

/** The longest time without an alarm while work is ready: the longest pause between two wake-ups. */
const readyMsMax = 5 * 60_000 + 1_000
/** The longest a call may be held. A poll is held for a second. */
const heldMsMax = 1_100
/** How late overdue work may be dealt with, when an alarm was cut off. */
const deadmanMs = 30_001
/** An alarm that has left work over rings again after this time. */
const leftOverMs = 100
/** How often memory is compared with the rows, and with what a restart would find: every n-th event. */
const compareEvery = 4
const restartEvery = 40

export interface WatchPorts {
  readonly claim: Claim
  readonly note: (text: string) => void
  readonly count: (name: string, n?: number) => void
  readonly retentionMs: (task: string) => number
  readonly mayPruneEarly: boolean
  readonly plan: RulesPlan
  readonly catchUpMax: number
  /** False when clocks may be wrong: what is in time by one clock may be late by another. */
  readonly isClockTrue: () => boolean
  /** The time of the world. */
  readonly trueNow: () => number
  readonly requests: Requests
  readonly attempts: Attempts
}

export class LedgerWatch {
  readonly rows: Rows
  readonly idling: Idling
  readonly rules: RulesWatch
  /** The alarm that is being answered has met an error, and has said so in the log. */
  hasFailed = false
  /** An alarm was cut off after it had armed its successor, which is the only one that rings now. */
  isOnDeadman = false
  readonly #ports: WatchPorts
  /** The newest seq of each runner. */
  readonly #seqs = new Map<string, number>()
  #events = 0
  /** The last alarm that rang while the ready index was full. The next one looks for more jobs again. */
  #fullAtRing = -1
  /** The same for plain jobs, which have no due time. */
  #plainFullAtRing = -1
  /** The latest time by the clocks of this ledger's activations. */
  #latest = 0

  constructor(ports: WatchPorts) {
    this.#ports = ports
    this.idling = new Idling(ports.claim, ports.trueNow)
    this.rows = new Rows(ports.claim, ports.retentionMs, ports.mayPruneEarly)
    this.rules = new RulesWatch({ ...ports, rows: this.rows })
  }

  /** Rows are on disk. A reset may follow at once, so the alarm must be armed already. */
  committed(ledger: VirtualLedger, activation: Activation, seen: readonly Seen[]): void {
    const cause = causeOf(activation)
    const { note, count, requests } = this.#ports
    const inBulk = seen.some(({ kind }) => kind === 'bulk')
    let rows = 0
    for (const one of seen) {
      rows++
      if (one.kind === 'written') {
        const { row } = one
        note(
          `${ledger.shard}: ${row.id.slice(-6)} ${row.task} ${row.state} ${row.attempt}/${row.maxAttempts} by ${cause?.verb ?? 'nobody'}`,
        )
        const asked = cause?.verb === 'enqueue' && !this.rows.all.has(row.id)
        const before = this.rows.all.get(row.id)
        this.#notStarted(before, row, cause)
        this.rows.write(row, cause, inBulk)
        this.rules.written(before, row as Row, cause)
        if (before && before.input !== row.input) requests.renewed(row.id, row.input)
        this.idling.progressed()
        const job = asked ? cause.request.jobs.find(({ id }) => id === row.id) : undefined
        if (job) requests.recorded(job)
      } else if (one.kind === 'deleted') {
        const row = this.rows.all.get(one.id)
        requests.forgotten(one.id, row?.task ?? '')
        if (row) this.rules.removed(row)
        this.rows.remove(one.id, cause)
        if (one.isTaken) count('rows taken over')
        this.idling.progressed()
      } else if (one.kind === 'extended') this.rows.extended.set(one.runner, one.until)
      else if (one.kind === 'forgotten') this.rows.extended.delete(one.runner)
      else if (one.kind === 'schedule' || one.kind === 'bulk') this.idling.progressed()
    }
    this.rules.committed(activation, seen, cause)
    count('rows written', rows)
    const written = seen.flatMap((one) => (one.kind === 'written' ? one.row.id : []))
    this.#ports.claim(new Set(written).size === written.length, 'I11', () => `${cause?.verb} writes a row twice`)
    this.#latest = Math.max(this.#latest, activation.now())
    if (cause?.verb === 'enqueue' || cause?.verb === 'sync') this.#armed(ledger, `after a commit of ${cause.verb}`)
  }

  alarmAnswered(): void {
    this.isOnDeadman = this.hasFailed
    this.hasFailed = false
  }

  /** I8: the platform tries an alarm that throws a few times again, and then drops it. */
  alarmFailed({ shard, alarm }: VirtualLedger, error: { readonly thrown: unknown } | undefined): void {
    this.#ports.claim(!error, 'I8', () => `the alarm of ledger ${shard} threw ${String(error?.thrown)}`)
    if (alarm.at !== undefined) this.isOnDeadman = true
  }

  /** An enqueue was answered. */
  enqueued(request: EnqueueRequest, reply: EnqueueReply): void {
    this.#ports.requests.answered(request, reply)
    this.rules.answered(request, reply)
  }

  /** A sync was answered. Its answer must agree with the rows. */
  synced({ shard }: ActivatedLedger, request: SyncRequest, { claimed, lost, leaseMs }: SyncReply, now: number): void {
    const { claim } = this.#ports
    const { runner, seq } = request
    this.#ports.note(`${shard}: ${said(request)} -> ${claimed.length} claimed, lost ${short(lost)}`)
    const newest = Math.max(this.#seqs.get(runner) ?? 0, seq)
    this.#seqs.set(runner, newest)
    this.#taken(shard, request)
    for (const { id, lease } of claimed) {
      const row = this.rows.all.get(id)
      claim(
        row?.state === 'running' && row.lease === lease,
        'I2',
        () => `${shard}: ${id} is handed out as ${lease}, its row says ${row?.state} ${row?.lease}`,
      )
    }
    // By a clock that is behind, a row below the watermark is not due yet, and a restart does not find it.
    if (seq === newest && !request.done && this.#ports.isClockTrue()) {
      const told = new Set(claimed.map(({ id }) => id))
      const prefix = `${runner}.${seq}.`
      for (const row of this.rows.live.values()) {
        if (row.state !== 'running' || !row.lease?.startsWith(prefix)) continue
        claim(told.has(row.id), 'I4', () => `${shard}: sync ${seq} of ${runner}, said again, is not told of ${row.id}`)
      }
    }
    for (const { id, lease } of request.heartbeats) {
      const row = this.rows.all.get(id)
      const isLive = row?.state === 'running' && row.lease === lease
      claim(
        isLive !== lost.includes(id) || request.settle.some((one) => one.id === id && one.lease === lease),
        'I2',
        () => `${shard}: a heartbeat for ${id} is answered as ${isLive ? 'lost' : 'live'}`,
      )
      if (isLive && row && !lost.includes(id))
        claim(
          this.rows.leaseEnd(row) >= now + leaseMs,
          'I2',
          () => `${shard}: ${id} is promised ${leaseMs} ms that are not on disk`,
        )
    }
  }

  /** I4: an attempt that its own runner gives back has never begun. */
  #notStarted(before: Row | undefined, after: SeenRow, cause: Cause | undefined): void {
    const isGivenBack =
      cause?.verb === 'sync' && before !== undefined && after.refunds > before.refunds && after.lapses === before.lapses
    if (!isGivenBack) return
    const isBegun = this.#ports.attempts.hasStarted(before.id, before.lease)
    this.#ports.claim(!isBegun, 'I4', () => `${after.id} is given back although ${before.lease} has begun to run`)
  }

  /** I2: what a runner settles under its lease is settled, and a success under a lease that was not replaced counts. */
  #taken(shard: number, { settle }: SyncRequest): void {
    for (const { id, lease, outcome } of new Map(settle.map((one) => [one.id, one])).values()) {
      const row = this.rows.all.get(id)
      if (row?.lease !== lease || row.leaseUntil === null || isFinal(row.state)) continue
      const isIgnored = row.state === 'running' || outcome.kind === 'completed'
      this.#ports.claim(
        !isIgnored,
        'I2',
        () => `${shard}: ${id} is ${row.state}, though ${lease} was settled as ${outcome.kind}`,
      )
    }
  }

  /** A call was held for `ms`. */
  held({ shard }: VirtualLedger, verb: CallKind, ms: number): void {
    this.#ports.claim(ms <= heldMsMax, 'I13', () => `ledger ${shard} held ${verb} for ${ms} ms`)
  }

  /** A call or an alarm has been dealt with. */
  settled(ledger: VirtualLedger): void {
    const { activation } = ledger
    if (activation) this.#latest = Math.max(this.#latest, activation.now())
    this.#armed(ledger, 'after an event')
    const core = coreOf(activation)
    if (!activation || !core) return
    this.#events++
    if (this.#events % compareEvery === 0) this.#compare(ledger, core, activation.now(), 'memory')
    if (this.#events % restartEvery === 0) this.restarted(ledger)
  }

  /** I12: compares memory with what a restart would find now. */
  restarted(ledger: VirtualLedger): void {
    const { activation, storage, shard } = ledger
    const core = coreOf(activation)
    if (!activation || !core || activation.isDead) return
    const now = activation.now()
    const reopened = activation.run(
      () =>
        new LedgerCore(
          {
            shard,
            sql: {
              all: (statement, ...bindings) => storage.database.look(statement, ...bindings),
              transaction: (work) => work(),
              bytes: () => 0,
            },
            setAlarm: () => this.#ports.claim(false, 'I8', () => 'opening a ledger arms its alarm'),
            random: () => 0,
            policy: () => ({ retry: {} as never, onFailed: false }),
            retentionMs: 1e12,
            historyBytesMax: 2 ** 40,
          },
          now,
          undefined,
        ),
    )
    for (let slice = 0; slice < 200; slice++) reopened.load(now)
    this.#compare(ledger, reopened, now, 'a restart')
    this.#compareRecent(ledger, core)
  }

  /** I12: the rows that memory caches are the stored ones. */
  #compareRecent({ storage, shard }: VirtualLedger, { context: { rowCache } }: LedgerCore): void {
    const known = [...rowCache.all()]
    const all = (statement: string, ...bindings: (string | number | null)[]) =>
      storage.database.look(statement, ...bindings)
    const read = jobStatements({ all, transaction: (work) => work(), bytes: () => 0 } as Sql)
    const stored = new Map(read.withInput(known.map(({ id }) => id)).map((row) => [row.id, row]))
    for (const { input, ...row } of known as (JobRow & { input?: string })[]) {
      const there = stored.get(row.id)
      const differs = Object.entries(row).find(([name, value]) => there?.[name as keyof JobRow] !== value)
      const isSame = there !== undefined && !differs && (input === undefined || there.input === input)
      this.#ports.claim(isSame, 'I12', () => `ledger ${shard} remembers ${row.id} with ${differs ?? 'another input'}`)
    }
  }

  /** I8: unfinished work has an alarm in time, unless a fault has taken it and the watchdog has not come yet. */
  #armed(ledger: VirtualLedger, when: string): void {
    const { claim, isClockTrue } = this.#ports
    const { alarm, shard, ringing, isDropped } = ledger
    const memory = coreOf(ledger.activation)?.memory
    if (memory?.nextDueAt !== undefined && memory.nextLoadAt === undefined) this.#fullAtRing = ledger.rung
    if (memory?.plainLoadedTo !== undefined) this.#plainFullAtRing = ledger.rung
    claim(!isDropped, 'I8', () => `ledger ${shard}: its alarm failed so often that it is gone`)
    if (alarm.isLost || ringing > 0) return
    const at = alarm.at
    this.#armedForTime(ledger, when)
    for (const row of this.rows.live.values()) {
      const due = this.#dueAt(ledger, row)
      const isExcused = due <= this.#latest || this.isOnDeadman
      const needed = isExcused ? Math.max(due, this.#latest + deadmanMs) : due
      const isArmed =
        at === undefined ? needed === Number.POSITIVE_INFINITY : at <= needed + leftOverMs || !isClockTrue()
      claim(
        isArmed,
        'I8',
        () => `ledger ${shard} ${when}: ${row.id} is ${row.state}, needs an alarm by ${needed}, has ${at}`,
      )
    }
  }

  /** The same for schedules, and for bulk actions that are not finished. */
  #armedForTime({ alarm: { at }, shard, activation }: VirtualLedger, when: string): void {
    // The row of a schedule waits until a release that has this schedule is activated.
    if (!activation) return
    const { slots, bulks } = this.rules
    const due = [
      ...slots.dueAt().map(({ name, at: dueAt }) => ({ what: `schedule ${name}`, dueAt })),
      ...bulks.unfinished.map(({ id, startedAt }) => ({ what: `bulk ${id}`, dueAt: startedAt })),
    ]
    for (const { what, dueAt } of due) {
      const isExcused = dueAt <= this.#latest || this.isOnDeadman
      const needed = isExcused ? Math.max(dueAt, this.#latest + deadmanMs) : dueAt
      const isArmed = at !== undefined && (at <= needed + leftOverMs || !this.#ports.isClockTrue())
      this.#ports.claim(isArmed, 'I8', () => `ledger ${shard} ${when}: ${what} needs an alarm by ${needed}, has ${at}`)
    }
  }

  #dueAt(ledger: VirtualLedger, row: Row): number {
    const laterAt = this.#latest + readyMsMax
    // Memory is full: further jobs are looked for when there is room.
    const isBeyond = ledger.rung <= this.#fullAtRing + 1
    // While everything is paused, jobs that do not fit in memory are not looked for.
    if (isBeyond && row.state !== 'running' && this.rules.settings.paused) return Number.POSITIVE_INFINITY
    if (row.state === 'running') return Math.max(this.rows.leaseEnd(row), isBeyond ? laterAt : 0)
    // The deadline of a job that is not in memory is known when there is room for it.
    const isUnknown = isBeyond || ledger.rung <= this.#plainFullAtRing + 1
    const expiresAt = row.startedAt === null && !isUnknown ? row.expiresAt : null
    const atLatest = this.rules.isPaused(row.task) ? Number.POSITIVE_INFINITY : laterAt
    if (isReady(row, this.#latest)) return Math.min(expiresAt ?? Number.POSITIVE_INFINITY, atLatest)
    return Math.max(row.dueAt ?? 0, isBeyond ? laterAt : 0)
  }

  #compare(ledger: VirtualLedger, core: LedgerCore, now: number, where: string): void {
    const { claim, count } = this.#ports
    const { memory } = core
    const { shard } = ledger
    const { all, live } = this.rows
    count('comparisons')
    const counts = memory.counts.total()
    const counted = Object.fromEntries(jobStates.map((state) => [state, 0])) as Record<string, number>
    for (const { state } of all.values()) counted[state] = (counted[state] ?? 0) + 1
    for (const state of jobStates)
      claim(
        counts[state] === counted[state],
        'I12',
        () => `ledger ${shard}: ${where} counts ${counts[state]} ${state}, there are ${counted[state]}`,
      )
    const isWhole = memory.plainLoadedTo === undefined && (memory.nextDueAt ?? Number.POSITIVE_INFINITY) > now
    for (const { id, lease } of memory.running.values()) {
      const row = live.get(id)
      claim(
        row?.state === 'running' && row.lease === lease,
        'I12',
        () => `ledger ${shard}: ${where} runs ${id}, its row is ${row?.state}`,
      )
    }
    for (const { id } of memory.ready.values()) {
      const row = live.get(id)
      claim(
        row !== undefined && row.state !== 'running',
        'I12',
        () => `ledger ${shard}: ${where} has ${id} ready, its row is ${row?.state}`,
      )
    }
    for (const row of live.values()) {
      const { id, state, dueAt } = row
      claim(
        id >= memory.watermark || dueAt !== null,
        'I12',
        () => `ledger ${shard}: the watermark has passed ${state} ${id}`,
      )
      if (state === 'running' && (id >= memory.watermark || (isWhole && (dueAt ?? 0) <= now)))
        claim(memory.running.has(id), 'I12', () => `ledger ${shard}: ${where} does not know running ${id}`)
      else if (state === 'queued' && dueAt === null && memory.plainLoadedTo === undefined)
        claim(
          memory.ready.has(id) || memory.spilled.isOnDisk(row),
          'I12',
          () => `ledger ${shard}: ${where} does not know queued ${id}`,
        )
      else if (state !== 'running' && isWhole && isReady(row, now - 1) && (dueAt ?? 0) <= now)
        claim(
          memory.ready.has(id),
          'I12',
          () => `ledger ${shard}: ${where} does not know ${state} ${id}, due at ${dueAt}`,
        )
    }
  }
}

function said({ runner, seq, ack, settle, heartbeats, want, done }: SyncRequest): string {
  const ended = short(settle.map(({ id }) => id))
  const going = short(heartbeats.map(({ id }) => id))
  return `sync ${runner.slice(0, 4)} ${seq} ack ${ack} settles ${ended} heartbeats ${going} wants ${want}${done ? ' done' : ''}`
}

function short(ids: readonly string[]): string {
  return `[${ids.map((id) => id.slice(-6)).join(' ')}]`
}
