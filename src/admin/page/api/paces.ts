/**
 * How often the dashboard asks. Every look at more than one job asks every shard, so this table is what a viewer costs:
 * a pace starts at `everyMs`, and grows to `restMs` while answers stay the same. A hidden tab asks nothing.
 * None is five seconds: runtimes close an idle connection then, and a question in that very moment is lost with it.
 *
 * A viewer-minute, with eight shards, while everything changes and while nothing does:
 *
 * - on the overview 18 requests, which make 134 calls of ledgers; 5 and 34
 * - on the list of jobs 22 and 166; 6 and 42
 * - on a job 48 and 90 while it has not ended; 4 and 18 once it has
 *
 * test/admin/page/paces.node.test.ts holds these numbers to the table.
 */
export interface Pace {
  readonly everyMs: number
  readonly restMs: number
  /** Calls of ledgers that one request makes: of every shard, or so many. */
  readonly calls: 'shards' | number
}

export const paces = {
  /** In the open view, where counts are what is looked at. */
  overview: { everyMs: 6_000, restMs: 30_000, calls: 'shards' },
  /** Behind other views, for the banner alone. */
  banner: { everyMs: 15_000, restMs: 60_000, calls: 'shards' },
  settings: { everyMs: 30_000, restMs: 60_000, calls: 1 },
  /** The overview of every shard and the settings. */
  tasks: { everyMs: 15_000, restMs: 60_000, calls: 9 },
  /** A step of an hour is a minute, of a day a quarter of one. */
  hour: { everyMs: 30_000, restMs: 60_000, calls: 'shards' },
  day: { everyMs: 300_000, restMs: 900_000, calls: 'shards' },
  jobs: { everyMs: 6_000, restMs: 30_000, calls: 'shards' },
  /** One that has not ended. */
  job: { everyMs: 1_500, restMs: 6_000, calls: 1 },
  ended: { everyMs: 30_000, restMs: 60_000, calls: 1 },
  schedules: { everyMs: 15_000, restMs: 60_000, calls: 'shards' },
  bulk: { everyMs: 1_000, restMs: 2_000, calls: 'shards' },
} as const satisfies Record<string, Pace>

export type PaceName = keyof typeof paces

/** After so many answers that were the same, or none at all, in a row. */
export function waitMs({ everyMs, restMs }: Pace, same: number, failed: number): number {
  if (failed > 0) return Math.min(60_000, Math.max(everyMs, 2_000) * 2 ** Math.min(failed, 6))
  // A few looks at the first pace: what just happened is often followed by more.
  return Math.min(restMs, everyMs * 1.5 ** Math.max(0, same - 2))
}
