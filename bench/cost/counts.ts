/** What a run costs, in the units that the platform bills. */

/** Totals of a run. */
export interface Counts {
  readonly jobs: number
  /** Rows written by statements, by `cursor.rowsWritten`. Index entries and deleted rows count too. */
  readonly statementRows: number
  /** Alarms that were set. Each is billed as a row written, which no cursor counts. */
  readonly alarmsSet: number
  readonly rowsRead: number
  /** RPC calls to ledgers, without those of the watchdog, which come every minute whether or not there are jobs. */
  readonly calls: number
  readonly alarmsRung: number
  /** How long ledgers were kept awake, in addition to `requestMs` for each request. */
  readonly awakeMs: number
  /** Messages sent to the queue. */
  readonly messages: number
  /** Requests and cron triggers that enqueued. */
  readonly webRequests: number
  /** Invocations of the queue's consumer, which is a runner. */
  readonly consumers: number
}

/** The same for each job, in the units of the bill. */
export interface JobCost {
  readonly rowsWritten: number
  readonly rowsRead: number
  readonly requests: number
  readonly gbSeconds: number
  readonly queueOperations: number
  readonly workerRequests: number
}

/** A Durable Object is billed for 128 MB, whatever it uses. */
const objectGb = 0.125
/** A message of up to 64 KB is billed when it is written, read and deleted. */
const operationsAMessage = 3
/**
 * How long a request alone keeps an object awake: its CPU time, and the wait until its writes are on disk. Cloudflare
 * publishes no figure for the latter, so this is a deliberately high estimate.
 */
export const requestMs = 10

/** Divides the totals of a run by its jobs. */
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
