/** What the waiting jobs of a lane have in common. */
export interface LaneName {
  readonly priority: number
  readonly task: string
  /** `''` for a task without partitions. */
  readonly partition: string
}

/** A lane whose jobs beyond an id are on disk only. */
export interface SpilledLane extends LaneName {
  readonly from: string
}
