/**
 * Long lanes of which activation leaves the rest on disk, so that its time and memory do not grow with a backlog. Such a
 * lane keeps more jobs in memory than one claim takes, and gets the next before it has fewer: turns and order are as if
 * everything were there.
 */

import type { LightRow } from '../domain/row.ts'
import type { LaneName } from './lane.ts'

/** Jobs of a lane that memory holds in any case. */
export const laneShare = 1_000

/** What tells whether a waiting job stays on disk. */
type Waiting = LaneName & Pick<LightRow, 'id' | 'dueAt' | 'expiresAt' | 'notBefore' | 'lapses'>

/** A lane whose jobs beyond an id are on disk only. */
export interface CutLane extends LaneName {
  readonly from: string
}

export class CutLanes {
  readonly #lanes = new Map<string, CutLane>()

  /** A lane is cut, or cut further on. */
  cut(lane: CutLane): void {
    this.#lanes.set(nameOf(lane), lane)
  }

  /** All of it is in memory. */
  mend(lane: CutLane): void {
    this.#lanes.delete(nameOf(lane))
  }

  values(): CutLane[] {
    return [...this.#lanes.values()]
  }

  has(lane: LaneName): boolean {
    return this.#lanes.has(nameOf(lane))
  }

  /** True for a waiting job that is to stay on disk. */
  leaves(row: Waiting): boolean {
    if (this.#lanes.size === 0 || !isPlain(row)) return false
    const lane = this.#lanes.get(nameOf(row))
    return lane !== undefined && row.id > lane.from
  }
}

/** Nothing is to be known of it but its place in its lane. The statements of what was left on disk ask for the same. */
function isPlain({ dueAt, expiresAt, notBefore, lapses }: Waiting): boolean {
  return dueAt === null && expiresAt === null && notBefore === null && lapses === 0
}

function nameOf({ priority, task, partition }: LaneName): string {
  return `${priority} ${task} ${partition}`
}
