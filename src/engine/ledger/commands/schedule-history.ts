/** What became of a schedule's slots, newest first and bounded. */
import type { SkipReason, SlotRecord } from '../protocol/schedules.ts'
import type { ScheduleRow } from '../storage/small-tables.ts'

/** Slots of a schedule's past that are kept. */
const recordsMax = 50

export class SlotHistory {
  readonly #records: SlotRecord[]
  readonly #at: number

  constructor({ history }: Pick<ScheduleRow, 'history'>, at: number) {
    this.#records = slotRecords({ history })
    this.#at = at
  }

  /** @param isTriggered true for a job that a person asked for, which is no slot of the rule */
  addJob(slot: number, job: string, isTriggered = false): void {
    this.#records.unshift({ slot, at: this.#at, job, ...(isTriggered && { trigger: true }) })
  }

  /** @param slot the first of the skipped slots */
  addSkipped(skipped: SkipReason, slot: number, count = 1): void {
    if (count > 0) this.#records.unshift({ slot, at: this.#at, skipped, ...(count > 1 && { count }) })
  }

  get text(): string {
    return JSON.stringify(this.#records.slice(0, recordsMax))
  }
}

export function slotRecords({ history }: Pick<ScheduleRow, 'history'>): SlotRecord[] {
  return JSON.parse(history) as SlotRecord[]
}
