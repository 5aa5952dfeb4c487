/**
 * Long lanes of which activation leaves the rest on disk, so that its time and memory do not grow with a backlog. Such a
 * lane keeps more jobs in memory than one claim takes, and gets the next ones before it has fewer: turns and order are as if
 * all of its jobs were in memory.
 */
import type { LaneName, SpilledLane } from '../domain/lane-name.ts'
import type { LightRow } from '../storage/columns.ts'

/** What tells whether a waiting job stays on disk. */
type Waiting = LaneName & Pick<LightRow, 'id' | 'dueAt' | 'expiresAt' | 'notBefore' | 'lapses'>

export class SpilledLanes {
  readonly #lanes = new Map<string, SpilledLane>()

  /** The jobs of a lane beyond an id are on disk only from now on. */
  spill(lane: SpilledLane): void {
    this.#lanes.set(nameOf(lane), lane)
  }

  /** All of the lane is in memory again. */
  restore(lane: LaneName): void {
    this.#lanes.delete(nameOf(lane))
  }

  values(): SpilledLane[] {
    return [...this.#lanes.values()]
  }

  has(lane: LaneName): boolean {
    return this.#lanes.has(nameOf(lane))
  }

  /** True for a waiting job that stays on disk. */
  isOnDisk(row: Waiting): boolean {
    if (this.#lanes.size === 0 || !isPlain(row)) return false
    const lane = this.#lanes.get(nameOf(row))
    return lane !== undefined && row.id > lane.from
  }
}

/** Its place in its lane is all there is to know of it. The statements that read spilled lanes ask for the same. */
function isPlain({ dueAt, expiresAt, notBefore, lapses }: Waiting): boolean {
  return dueAt === null && expiresAt === null && notBefore === null && lapses === 0
}

function nameOf({ priority, task, partition }: LaneName): string {
  return `${priority} ${task} ${partition}`
}
