/**
 * Every SQL statement about the small tables of a ledger: facts, runners, limits, schedules, bulk actions, minute stats.
 * Each reads or writes a row at a time, by its key.
 */
import type { Sql } from './sql.ts'

/** Single facts about a ledger. */
export function factStatements(sql: Sql) {
  return {
    read: <T>(name: string): T | undefined => {
      const [row] = sql.all<{ value: string }>('SELECT value FROM facts WHERE name = ?', name)
      return row && (JSON.parse(row.value) as T)
    },
    write: (name: string, value: unknown): void => {
      sql.all(
        'INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
        name,
        JSON.stringify(value),
      )
    },
    forget: (name: string): void => {
      sql.all('DELETE FROM facts WHERE name = ?', name)
    },
  }
}

/** How far runners have extended their leases. */
export function runnerStatements(sql: Sql) {
  return {
    all: () => sql.all<{ runner: string; until: number }>('SELECT runner, until FROM runners'),
    extend: (runner: string, until: number): void => {
      sql.all(
        'INSERT INTO runners (runner, until) VALUES (?, ?) ON CONFLICT (runner) DO UPDATE SET until = excluded.until',
        runner,
        until,
      )
    },
    forget: (runner: string): void => {
      sql.all('DELETE FROM runners WHERE runner = ?', runner)
    },
  }
}

/** The starts that rate limits still count: one row for each task or partition. */
export function limitStatements(sql: Sql) {
  return {
    read: ({ task, partition }: { task: string; partition: string }): string | undefined =>
      sql.all<{ starts: string }>('SELECT starts FROM limits WHERE task = ? AND partition = ?', task, partition)[0]
        ?.starts,
    write: ({ task, partition }: { task: string; partition: string }, starts: string, spentAt: number): void => {
      sql.all(
        `INSERT INTO limits (task, partition, starts, spent_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (task, partition) DO UPDATE SET starts = excluded.starts, spent_at = excluded.spent_at`,
        task,
        partition,
        starts,
        spentAt,
      )
    },
    /** The rows after one, in their order: what a sweep looks at. */
    after(
      { task, partition }: { task: string; partition: string },
      limit: number,
    ): { task: string; partition: string; spentAt: number }[] {
      return sql.all(
        `SELECT task, partition, spent_at AS spentAt FROM limits
         WHERE (task, partition) > (?, ?) ORDER BY task, partition LIMIT ?`,
        task,
        partition,
        limit,
      )
    },
    forget: ({ task, partition }: { task: string; partition: string }): void => {
      sql.all('DELETE FROM limits WHERE task = ? AND partition = ?', task, partition)
    },
  }
}

/** A schedule as stored. */
export interface ScheduleRow {
  readonly name: string
  readonly task: string
  /** Its rule and jitter as the code gave them, to recognise a change. */
  readonly rule: string
  /** What its intervals count from. */
  readonly anchor: number
  /** The slot that comes next; NULL when there is none. */
  readonly nextAt: number | null
  /** 1 when a person has paused it. */
  readonly paused: number
  /** Why the code no longer runs it; NULL when it does. */
  readonly stopped: string | null
  readonly lastJob: string | null
  /** JSON: the newest slots and what became of them, the newest first. */
  readonly history: string
}

/** Schedules: one row each. */
export function scheduleStatements(sql: Sql) {
  const listed = `name, task, rule, anchor, next_at AS nextAt, paused, stopped, last_job AS lastJob, history`
  return {
    all: (): ScheduleRow[] => sql.all<ScheduleRow>(`SELECT ${listed} FROM schedules ORDER BY name`),
    write: ({ name, task, rule, anchor, nextAt, paused, stopped, lastJob, history }: ScheduleRow): void => {
      sql.all(
        `INSERT INTO schedules (name, task, rule, anchor, next_at, paused, stopped, last_job, history)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET task = excluded.task, rule = excluded.rule, anchor = excluded.anchor,
           next_at = excluded.next_at, paused = excluded.paused, stopped = excluded.stopped,
           last_job = excluded.last_job, history = excluded.history`,
        name,
        task,
        rule,
        anchor,
        nextAt,
        paused,
        stopped,
        lastJob,
        history,
      )
    },
  }
}

/** A bulk action as stored. */
export interface BulkRow {
  readonly id: string
  readonly action: string
  /** JSON. */
  readonly filter: string
  readonly startedAt: number
  /** It goes on below this id; NULL when it is done. */
  readonly below: string | null
  readonly looked: number
  readonly changed: number
}

/** Bulk actions: one row each, written once a slice. */
export function bulkStatements(sql: Sql) {
  const listed = `id, action, filter, started_at AS startedAt, below, looked, changed`
  return {
    get: (id: string): BulkRow | undefined => sql.all<BulkRow>(`SELECT ${listed} FROM bulks WHERE id = ?`, id)[0],
    /** All that are kept: a few. */
    all: (): BulkRow[] => sql.all<BulkRow>(`SELECT ${listed} FROM bulks ORDER BY started_at, id`),
    write: ({ id, action, filter, startedAt, below, looked, changed }: BulkRow): void => {
      sql.all(
        `INSERT INTO bulks (id, action, filter, started_at, below, looked, changed) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET below = excluded.below, looked = excluded.looked, changed = excluded.changed`,
        id,
        action,
        filter,
        startedAt,
        below,
        looked,
        changed,
      )
    },
    forget: (id: string): void => {
      sql.all('DELETE FROM bulks WHERE id = ?', id)
    },
  }
}

/** The stats of each task and minute. The newest row of a task also holds its counters. */
export function minuteStatements(sql: Sql) {
  /** Every task that has a row, found by one look into the key each. */
  const tasks = `RECURSIVE tasks (task) AS (
    SELECT min(task) FROM minute_stats
    UNION ALL SELECT (SELECT min(task) FROM minute_stats m WHERE m.task > tasks.task) FROM tasks WHERE tasks.task IS NOT NULL
  )`
  const newest = `SELECT task, minute, stats, counters FROM minute_stats WHERE task = ? ORDER BY minute DESC LIMIT 1`
  return {
    newest: (task: string): { minute: number; stats: string; counters: string } | undefined =>
      sql.all<{ minute: number; stats: string; counters: string }>(newest, task)[0],
    /** Takes over the row of the task's oldest minute if it is older than `before`: to forget it by itself would write a row more. */
    takeOver: (task: string, before: number, minute: number, stats: string, counters: string): boolean =>
      sql.all(
        `UPDATE minute_stats SET minute = ?, stats = ?, counters = ?
         WHERE task = ? AND minute < ? AND minute = (SELECT min(minute) FROM minute_stats WHERE task = ?) RETURNING minute`,
        minute,
        stats,
        counters,
        task,
        before,
        task,
      ).length > 0,
    write: (task: string, minute: number, stats: string, counters: string): void => {
      sql.all(
        `INSERT INTO minute_stats (task, minute, stats, counters) VALUES (?, ?, ?, ?)
         ON CONFLICT (task, minute) DO UPDATE SET stats = excluded.stats, counters = excluded.counters`,
        task,
        minute,
        stats,
        counters,
      )
    },
    between: (from: number, to: number): { task: string; minute: number; stats: string }[] =>
      sql.all(
        `WITH ${tasks} SELECT m.task, m.minute, m.stats FROM tasks CROSS JOIN minute_stats m
         WHERE m.task = tasks.task AND m.minute >= ? AND m.minute < ?`,
        from,
        to,
      ),
    counters: (): { task: string; counters: string }[] =>
      sql.all(
        `WITH ${tasks} SELECT tasks.task,
           (SELECT counters FROM minute_stats m WHERE m.task = tasks.task ORDER BY minute DESC LIMIT 1) AS counters
         FROM tasks WHERE tasks.task IS NOT NULL`,
      ),
    /** Forgets older minutes, except for the newest of each task. */
    forgetBefore(minute: number): void {
      sql.all(
        `WITH ${tasks} DELETE FROM minute_stats WHERE (task, minute) IN (
           SELECT m.task, m.minute FROM tasks CROSS JOIN minute_stats m WHERE m.task = tasks.task AND m.minute < ?
             AND m.minute < (SELECT max(minute) FROM minute_stats n WHERE n.task = tasks.task))`,
        minute,
      )
    },
  }
}
