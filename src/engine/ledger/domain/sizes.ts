/**
 * How much a ledger holds in memory, and how much it does at once. Data and not constants, so that a test or a simulation
 * with a few jobs reaches what takes a hundred thousand jobs in production.
 */
export interface LedgerSizes {
  /**
   * Waiting jobs in memory; further plain jobs stay on disk until there is room. Up to twice as many are held where a lane
   * with few jobs would otherwise be kept out by one that fills memory.
   */
  readonly readyMax: number
  /** Rows that are read at a time while loading. */
  readonly loadSlice: number
  /** Waiting jobs in memory from which on activation leaves the rest of long lanes on disk. */
  readonly activationReadyMax: number
  /** Jobs of a lane that are in memory in any case. */
  readonly laneJobsMin: number
  /** Jobs that a lane with more on disk gets at a time: as many as one claim takes. */
  readonly laneRefill: number
  /** Rows that one slice of maintenance touches. */
  readonly maintenanceSlice: number
  /** Finished jobs above the watermark from which on it moves without waiting for the alarm: activation reads them. */
  readonly finishedAboveMax: number
  /** Live plain jobs that the watermark may pass in one move. Each is given a due time. */
  readonly stragglersMax: number
  /** Jobs that one slice of a bulk action looks at, and changes. */
  readonly bulkLookedMax: number
  readonly bulkChangedMax: number
  /** Slots of one schedule that fire in one transaction: their inputs may be large. */
  readonly slotsPerSlice: number
  /** Slots that `catchUp: 'all'` makes up for; older ones are missed. */
  readonly catchUpMax: number
}

/** What a deployment runs with. A hundred thousand waiting jobs take about 20 MB. */
export const production: LedgerSizes = {
  readyMax: 100_000,
  loadSlice: 1_000,
  activationReadyMax: 4_000,
  laneJobsMin: 1_000,
  laneRefill: 500,
  maintenanceSlice: 500,
  finishedAboveMax: 4_096,
  stragglersMax: 64,
  bulkLookedMax: 2_000,
  bulkChangedMax: 500,
  slotsPerSlice: 10,
  catchUpMax: 100,
}

/** The smallest that every promise holds with. A simulation draws its sizes between these and those of production. */
export const smallest: LedgerSizes = {
  readyMax: 3,
  loadSlice: 2,
  activationReadyMax: 0,
  laneJobsMin: 1,
  laneRefill: 1,
  maintenanceSlice: 1,
  finishedAboveMax: 2,
  stragglersMax: 1,
  bulkLookedMax: 2,
  bulkChangedMax: 1,
  slotsPerSlice: 1,
  catchUpMax: 3,
}
