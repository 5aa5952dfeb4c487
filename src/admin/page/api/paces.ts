/**
 * How often the dashboard polls. Every request about more than one job calls every shard, so this table decides what a viewer
 * costs. A pace starts at `everyMs`, and slows down to `restMs` while answers stay the same. A hidden tab does not poll.
 * No pace is five seconds, because runtimes close an idle connection then, and a request at that time is lost.
 *
 * The requests and calls of one viewer in one minute, with eight shards, while everything changes; and while nothing does:
 *
 * - on the overview 18 requests, which make 134 calls of ledgers; 5 and 34
 * - on the list of jobs 22 and 166; 6 and 42
 * - on a job 48 and 90 while it has not ended; 4 and 18 once it has
 *
 * test/admin/page/paces.node.test.ts checks these numbers against the table.
 */
export interface Pace {
  readonly everyMs: number
  readonly restMs: number
  /** Calls of ledgers that one request makes: one to every shard, or this number. */
  readonly calls: 'shards' | number
}

export const paces = {
  /** In the open view, whose subject is the counts. */
  overview: { everyMs: 6_000, restMs: 30_000, calls: 'shards' },
  /** Behind another view, for the banner alone. */
  banner: { everyMs: 15_000, restMs: 60_000, calls: 'shards' },
  settings: { everyMs: 30_000, restMs: 60_000, calls: 1 },
  /** The overview of every shard and the settings. */
  tasks: { everyMs: 15_000, restMs: 60_000, calls: 9 },
  /** A step is a minute of an hour, or a quarter of an hour of a day. */
  hour: { everyMs: 30_000, restMs: 60_000, calls: 'shards' },
  day: { everyMs: 300_000, restMs: 900_000, calls: 'shards' },
  jobs: { everyMs: 6_000, restMs: 30_000, calls: 'shards' },
  /** One that is not final. */
  job: { everyMs: 1_500, restMs: 6_000, calls: 1 },
  ended: { everyMs: 30_000, restMs: 60_000, calls: 1 },
  /** A list that is short, and that nobody waits for. */
  list: { everyMs: 15_000, restMs: 60_000, calls: 'shards' },
  bulk: { everyMs: 1_000, restMs: 2_000, calls: 'shards' },
} as const satisfies Record<string, Pace>

export type PaceName = keyof typeof paces

/** The pace after so many answers in a row that were the same, or that failed. */
export function waitMs({ everyMs, restMs }: Pace, same: number, failed: number): number {
  if (failed > 0) return Math.min(60_000, Math.max(everyMs, 2_000) * 2 ** Math.min(failed, 6))
  // A few requests at the first pace, because one change is often followed by more.
  return Math.min(restMs, everyMs * 1.5 ** Math.max(0, same - 2))
}
