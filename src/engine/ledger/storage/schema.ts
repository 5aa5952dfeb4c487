/**
 * The ledger's schema: an append-only list of migrations, each applied in one transaction with its version row.
 *
 * A deploy runs old and new code side by side for minutes and can be rolled back. So a migration only adds what the previous
 * release can work with, and what is no longer used goes one release later. A released migration never changes: a test holds the
 * hash of each.
 */
import type { Sql } from './sql.ts'

export const migrations: readonly string[] = [
  `
  -- One row a job. Small columns first: a scan for states then never reads a large input or output.
  -- WITHOUT ROWID and no plain index: each step of a plain job's life writes one row.
  -- A state or a reason is text that the code knows. No CHECK names them, so that one can be added to the same table.
  CREATE TABLE jobs (
    id             TEXT PRIMARY KEY,
    task           TEXT NOT NULL,
    partition      TEXT NOT NULL DEFAULT '',             -- '' for a task without partitions
    state          TEXT NOT NULL,
    reason         TEXT,
    priority       INTEGER NOT NULL,
    bytes          INTEGER NOT NULL,                     -- of the input, for claims by size
    attempt        INTEGER NOT NULL CHECK (attempt BETWEEN 0 AND max_attempts),
    max_attempts   INTEGER NOT NULL,
    lapses         INTEGER NOT NULL DEFAULT 0,            -- attempts whose runner died
    refunds        INTEGER NOT NULL DEFAULT 0,            -- attempts given back because they never started
    created_at     INTEGER NOT NULL,
    due_at         INTEGER,                              -- when the ledger must look at this row again
    not_before     INTEGER,                              -- its own time to run, while it waits for another job
    expires_at     INTEGER,                              -- a job that has not started by then fails
    started_at     INTEGER,
    finished_at    INTEGER,
    lease          TEXT,                                 -- <runner>.<seq>.<random> of the newest attempt
    lease_until    INTEGER,                              -- NULL once the attempt is settled: the lease is dead
    cancelling     INTEGER NOT NULL DEFAULT 0,
    key            TEXT,
    former_key     TEXT,                                 -- the key it held before another job took it over
    calls          TEXT,                                 -- JSON: the newest calls under its key
    key_started_at INTEGER,                              -- when the newest start under its key was, before its own
    after_job      TEXT,                                 -- the job that must have ended before this one starts
    successor      TEXT,                                 -- the job that waits for the end of this one
    tags           TEXT,
    schedule       TEXT,
    slot           INTEGER,
    trace          TEXT,
    progress       TEXT,
    error          TEXT,
    history        TEXT,
    output         TEXT,
    input          TEXT NOT NULL
  ) WITHOUT ROWID;

  -- Invariant: a live row is found on activation if and only if its id is at or above the watermark, or due_at is set.
  CREATE INDEX jobs_due ON jobs (due_at, id) WHERE due_at IS NOT NULL;
  -- A key is unique within its task and partition.
  CREATE UNIQUE INDEX jobs_unique ON jobs (key, task, partition) WHERE key IS NOT NULL;

  -- How far runners that hold a lease for long have extended it.
  CREATE TABLE runners (runner TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;

  -- Stats of each task and minute. The newest row of a task also holds its counters. Rows of jobs are the truth.
  CREATE TABLE minute_stats (
    task TEXT NOT NULL, minute INTEGER NOT NULL, stats TEXT NOT NULL, counters TEXT NOT NULL, PRIMARY KEY (task, minute)
  ) WITHOUT ROWID;

  -- The starts that a rate limit still counts. Partition '' is the task as a whole.
  CREATE TABLE limits (
    task TEXT NOT NULL, partition TEXT NOT NULL, starts TEXT NOT NULL, spent_at INTEGER NOT NULL,
    PRIMARY KEY (task, partition)
  ) WITHOUT ROWID;

  CREATE TABLE schedules (
    name     TEXT PRIMARY KEY,
    task     TEXT NOT NULL,
    rule     TEXT NOT NULL,
    anchor   INTEGER NOT NULL,
    next_at  INTEGER,
    paused   INTEGER NOT NULL DEFAULT 0,
    stopped  TEXT,
    last_job TEXT,
    history  TEXT NOT NULL
  ) WITHOUT ROWID;

  -- What is done to many jobs at once, and how far it is.
  CREATE TABLE bulks (
    id         TEXT PRIMARY KEY,
    action     TEXT NOT NULL,
    filter     TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    below      TEXT,
    looked     INTEGER NOT NULL,
    changed    INTEGER NOT NULL
  ) WITHOUT ROWID;

  -- Single facts about this ledger: its home shards, its cursors, its unanswered wake-ups.
  CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  `,
]

/**
 * Brings the database to the newest schema. Reads one row when it has that already. A database that is newer than this code,
 * after a rollback, is left as it is. Answers whether the newest schema is this code's.
 */
export function migrate(sql: Sql, now: number): boolean {
  sql.all('CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL)')
  const [row] = sql.all<{ version: number | null }>('SELECT MAX(version) AS version FROM schema_versions')
  for (let version = (row?.version ?? 0) + 1; version <= migrations.length; version++) {
    sql.transaction(() => {
      for (const statement of statementsOf(migrations[version - 1] as string)) sql.all(statement)
      sql.all('INSERT INTO schema_versions (version, applied_at) VALUES (?, ?)', version, now)
    })
  }
  return (row?.version ?? 0) <= migrations.length
}

/** The statements of a migration. No migration has a `;` inside a string or a comment; a test holds that. */
export function statementsOf(migration: string): string[] {
  return migration
    .replaceAll(/--.*$/gm, '')
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}
