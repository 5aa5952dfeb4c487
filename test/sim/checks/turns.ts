/**
 * Fairness (I10): of the partitions of a task that wait at one priority and have room, none is passed over while another is
 * served repeatedly. Within a partition, the higher priority comes first.
 */

import { isReady } from '../../../src/engine/ledger/domain/row.ts'
import type { SyncRequest } from '../../../src/engine/ledger/protocol/sync.ts'
import type { Activation } from '../../../src/testing/activation.ts'
import { isolateOf } from '../isolate.ts'
import { coreOf } from './cause.ts'
import type { Claims } from './claims.ts'
import type { Claim, Row, Rows } from './rows.ts'

/** How often another partition is served at most before one has its turn: in one round, and one that had begun. */
const passedMax = 2

export class Turns {
  /** How often each other partition was served since one was, by priority, task and partition. */
  readonly #passed = new Map<string, Map<string, number>>()

  private readonly claim: Claim
  private readonly rows: Rows
  private readonly claims: Claims

  constructor(claim: Claim, rows: Rows, claims: Claims) {
    this.claim = claim
    this.rows = rows
    this.claims = claims
  }

  /**
   * The claims of one sync.
   * @param changed the jobs that this commit has changed
   */
  served(started: readonly Row[], changed: ReadonlySet<string>, request: SyncRequest, activation: Activation): void {
    const now = activation.now()
    const served = started.filter(({ lapses, partition }) => lapses < 2 && partition !== '')
    if (served.length === 0) return
    const settled = new Set(request.settle.map(({ id }) => id))
    const ready = coreOf(activation)?.memory.ready
    const waits = (row: Row) =>
      row.state !== 'running' &&
      row.lapses < 2 &&
      isReady(row, now) &&
      !changed.has(row.id) &&
      !settled.has(row.id) &&
      ready?.has(row.id) === true
    const times = new Map<string, number>()
    for (const row of served) times.set(laneOf(row), (times.get(laneOf(row)) ?? 0) + 1)
    const waiting = new Map<string, Row>()
    for (const row of this.rows.live.values()) if (row.partition !== '' && waits(row)) waiting.set(laneOf(row), row)
    for (const [lane, row] of waiting) {
      const { task, partition, priority } = row
      const lower = served.find((one) => one.task === task && one.partition === partition && one.priority < priority)
      this.claim(
        !lower,
        'I10',
        () => `${row.id} waits at ${priority}, and ${lower?.id} is served at ${lower?.priority}`,
      )
      if (!this.claims.hasRoom(task, partition, isolateOf(activation).version, now)) {
        this.#passed.delete(lane)
        continue
      }
      const own = times.get(lane) ?? 0
      const passed = (own === 0 && this.#passed.get(lane)) || new Map<string, number>()
      this.#passed.set(lane, passed)
      for (const [other, count] of times) {
        if (other === lane || familyOf(other) !== familyOf(lane)) continue
        const by = (passed.get(other) ?? 0) + Math.max(0, count - own)
        passed.set(other, by)
        this.claim(by <= passedMax, 'I10', () => `${lane} waits with room, and ${other} is served ${by} times`)
      }
    }
    for (const lane of this.#passed.keys()) if (!waiting.has(lane)) this.#passed.delete(lane)
  }

  /** Memory was forgotten, and with it whose turn it was. */
  forgotten(): void {
    this.#passed.clear()
  }
}

function laneOf({ priority, task, partition }: Row): string {
  return `${priority} ${task} ${partition}`
}

function familyOf(lane: string): string {
  return lane.slice(0, lane.lastIndexOf(' '))
}
