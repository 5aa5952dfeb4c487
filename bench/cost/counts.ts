/** What a run has cost, in the units that the platform bills. */

/** Totals of a run. */
export interface Counts {
  readonly jobs: number
  /** Rows that statements have written, as `cursor.rowsWritten` tells: index entries and removals are rows too. */
  readonly statementRows: number
  /** Alarms that were set: each is billed as a row written, and no cursor sees it. */
  readonly alarmsSet: number
  readonly rowsRead: number
  /** Calls to ledgers by RPC, the watchdog's apart: those come every minute, whatever there is to do. */
  readonly calls: number
  readonly alarmsRung: number
  /** How long ledgers were kept awake, beside what each request takes by itself. */
  readonly awakeMs: number
  /** Messages sent to the queue. */
  readonly messages: number
  /** Requests and cron triggers that enqueued. */
  readonly webRequests: number
  /** Invocations of the queue's consumer. */
  readonly consumers: number
}

/** The same a job, as the bill names it. */
export interface JobCost {
  readonly rowsWritten: number
  readonly rowsRead: number
  readonly requests: number
  readonly gbSeconds: number
  readonly queueOperations: number
  readonly workerRequests: number
}

/** A Durable Object is billed for this much memory, however much it uses. */
const objectGb = 0.125
/** A message of up to 64 KB is written, read and deleted. */
const operationsAMessage = 3
/**
 * What a request keeps an object awake for by itself: its CPU, and the wait until what it wrote is on disk. Nothing is
 * published about the second; this is meant to be too much.
 */
export const requestMs = 10

export function jobCost(counts: Counts): JobCost {
  const { jobs, alarmsRung, calls } = counts
  const requests = calls + alarmsRung
  const a = (total: number) => total / jobs
  return {
    rowsWritten: a(counts.statementRows + counts.alarmsSet),
    rowsRead: a(counts.rowsRead),
    requests: a(requests),
    gbSeconds: a(((counts.awakeMs + requests * requestMs) / 1_000) * objectGb),
    queueOperations: a(counts.messages * operationsAMessage),
    workerRequests: a(counts.webRequests + counts.consumers),
  }
}
