/**
 * Every SQL statement about jobs, named and typed; those of the small tables are in small-tables.ts. A statement never chooses a state: it writes what it is given,
 * and only if the row is still as it was read.
 *
 * Many rows go through one bound JSON array, which is one statement and no limit of 100 parameters. A bound string
 * fails somewhere above 1.5 MB, so arrays are cut well below, and a large row goes by itself.
 */
import type { JobState } from '../task/job.ts'
import type { JobRow, JobRowWithInput, LightRow } from './row.ts'
import type { Sql, SqlValue } from './sql.ts'

/** Columns that never change once a job is recorded, by the name the code gives them. */
const fixedColumns = {
  id: 'id',
  task: 'task',
  partition: 'partition',
  createdAt: 'created_at',
  tags: 'tags',
  schedule: 'schedule',
  slot: 'slot',
  trace: 'trace',
} as const satisfies Partial<Record<keyof JobRow, string>>

/** Columns that a transition may change. */
const movingColumns = {
  state: 'state',
  reason: 'reason',
  priority: 'priority',
  bytes: 'bytes',
  attempt: 'attempt',
  maxAttempts: 'max_attempts',
  lapses: 'lapses',
  refunds: 'refunds',
  dueAt: 'due_at',
  notBefore: 'not_before',
  expiresAt: 'expires_at',
  startedAt: 'started_at',
  finishedAt: 'finished_at',
  lease: 'lease',
  leaseUntil: 'lease_until',
  cancelling: 'cancelling',
  formerKey: 'former_key',
  calls: 'calls',
  keyStartedAt: 'key_started_at',
  after: 'after_job',
  successor: 'successor',
  progress: 'progress',
  error: 'error',
  history: 'history',
  output: 'output',
} as const satisfies Partial<Record<keyof JobRow, string>>

/** Set only where it passes from one job to another: its index would be written with every step of a job otherwise. */
const keyColumn = { key: 'key' } as const

const columns = { ...fixedColumns, ...movingColumns, ...keyColumn }
type Column = keyof typeof columns
const names = Object.keys(columns) as Column[]
const movingNames = Object.keys(movingColumns) as Column[]
const keyedNames: readonly Column[] = [...movingNames, 'key']

const selected = names.map((name) => `${columns[name]} AS ${name}`).join(', ')
const heavy: readonly Column[] = [
  'tags',
  'schedule',
  'slot',
  'trace',
  'key',
  'formerKey',
  'calls',
  'keyStartedAt',
  'after',
  'successor',
  'progress',
  'error',
  'history',
  'output',
]
const light = names
  .filter((name) => !heavy.includes(name))
  .map((name) => `${columns[name]} AS ${name}`)
  .join(', ')
const insertInto = `INSERT INTO jobs (${names.map((name) => columns[name]).join(', ')}, input)`

/** The place of each column in the JSON arrays that carry rows. */
const place = (index: number) => `v.value ->> ${index}`

/** The row is still as it was read. */
const unchanged = ['state', 'attempt', 'lease', 'leaseUntil', 'cancelling'] as const satisfies Column[]

/** Characters of JSON in one bound array, and the row from which on a row is bound by itself. */
const arrayCharsMax = 512 * 1024
const rowCharsMax = 64 * 1024

export interface Change {
  readonly before: JobRow
  readonly after: JobRow
  /** Its new input, as JSON text; absent: it keeps the one it has. */
  readonly input?: string | undefined
}

export function jobStatements(sql: Sql) {
  /** One statement for rows whose same columns are written. */
  const update = (changes: readonly Change[], written: readonly Column[]): number => {
    const values = ({ before, after, input }: Change): SqlValue[] => [
      ...written.map((name) => after[name]),
      input ?? null,
      before.id,
      ...unchanged.map((name) => before[name]),
    ]
    const size = written.length + 1
    const set = (bind: (index: number) => string) =>
      [
        ...written.map((name, index) => `${columns[name]} = ${bind(index)}`),
        `input = coalesce(${bind(size - 1)}, input)`,
      ].join(', ')
    const still = (bind: (index: number) => string) =>
      unchanged.map((name, index) => `jobs.${columns[name]} IS ${bind(size + 1 + index)}`).join(' AND ')
    const numbered = (index: number) => `?${index + 1}`
    const one = `UPDATE jobs SET ${set(numbered)} WHERE id = ${numbered(size)} AND ${still(numbered)} RETURNING id`
    const many = `UPDATE jobs SET ${set(place)} FROM json_each(?) v WHERE jobs.id = ${place(size)} AND ${still((i) => `(${place(i)})`)} RETURNING jobs.id`
    return inArrays(changes.map(values)).reduce((count, batch) => {
      const [only] = batch
      const found = batch.length === 1 && only ? sql.all(one, ...only) : sql.all(many, JSON.stringify(batch))
      return count + found.length
    }, 0)
  }

  return {
    /** Records jobs; one whose id is known is left as it is. Answers the ids that were new. */
    insert(rows: readonly JobRowWithInput[]): string[] {
      const values = (row: JobRowWithInput): SqlValue[] => [...names.map((name) => row[name]), row.input]
      const one = `${insertInto} VALUES (${Array(names.length + 1)
        .fill('?')
        .join(', ')}) ON CONFLICT (id) DO NOTHING RETURNING id`
      const many = `${insertInto} SELECT ${[...names, 'input'].map((_, index) => place(index)).join(', ')} FROM json_each(?) v WHERE true
        ON CONFLICT (id) DO NOTHING RETURNING id`
      return inArrays(rows.map(values)).flatMap((batch) => {
        const [only] = batch
        const found =
          batch.length === 1 && only
            ? sql.all<{ id: string }>(one, ...only)
            : sql.all<{ id: string }>(many, JSON.stringify(batch))
        return found.map(({ id }) => id)
      })
    },

    /** Writes the next rows of jobs, each only if it is still as it was read. Answers how many were. */
    update(changes: readonly Change[]): number {
      const passesKey = ({ before, after }: Change) => before.key !== after.key
      const keepsKey = (change: Change) => !passesKey(change)
      return update(changes.filter(passesKey), keyedNames) + update(changes.filter(keepsKey), movingNames)
    },

    /** The jobs with these ids, in the order of the ids. Unknown ones are left out. */
    byIds(ids: readonly string[]): JobRow[] {
      return inOrder(
        ids,
        sql.all<JobRow>(
          `SELECT ${selected} FROM jobs WHERE id IN (SELECT value FROM json_each(?))`,
          JSON.stringify(ids),
        ),
      )
    },

    /** As `byIds`, with the inputs: for claims and for people. */
    withInput(ids: readonly string[]): JobRowWithInput[] {
      return inOrder(
        ids,
        sql.all<JobRowWithInput>(
          `SELECT ${selected}, input FROM jobs WHERE id IN (SELECT value FROM json_each(?))`,
          JSON.stringify(ids),
        ),
      )
    },

    /** The job that holds a key within its task and partition. */
    byKey(key: string, task: string, partition: string): JobRowWithInput | undefined {
      return sql.all<JobRowWithInput>(
        `SELECT ${selected}, input FROM jobs WHERE key = ? AND task = ? AND partition = ?`,
        key,
        task,
        partition,
      )[0]
    },

    /** Activation: every row at or above the mark, by key. */
    fromMark(mark: string, after: string, limit: number): LightRow[] {
      return sql.all<LightRow>(
        `SELECT ${light} FROM jobs WHERE id >= ? AND id > ? ORDER BY id LIMIT ?`,
        mark,
        after,
        limit,
      )
    },

    /** Plain waiting rows beyond those that fit in memory, by key. */
    waitingAfter(id: string, limit: number): LightRow[] {
      return sql.all<LightRow>(
        `SELECT ${light} FROM jobs WHERE id > ? AND state = 'queued' AND due_at IS NULL ORDER BY id LIMIT ?`,
        id,
        limit,
      )
    },

    /** Rows that fell due after a place in the due index up to now, by that index. */
    due(afterAt: number, afterId: string, now: number, limit: number): LightRow[] {
      return sql.all<LightRow>(
        `SELECT ${light} FROM jobs INDEXED BY jobs_due
         WHERE due_at >= ?1 AND due_at <= ?3 AND (due_at, id) > (?1, ?2) ORDER BY due_at, id LIMIT ?4`,
        afterAt,
        afterId,
        now,
        limit,
      )
    },

    /** Running rows among those that fell due up to now: reads all of these. */
    runningDue(now: number): LightRow[] {
      return sql.all<LightRow>(
        `SELECT ${light} FROM jobs INDEXED BY jobs_due WHERE due_at <= ? AND state = 'running'`,
        now,
      )
    },

    /** When the next row beyond a place in the due index falls due. */
    nextDueAt(afterAt: number, afterId: string): number | undefined {
      const [row] = sql.all<{ dueAt: number }>(
        `SELECT due_at AS dueAt FROM jobs INDEXED BY jobs_due
         WHERE due_at >= ?1 AND (due_at, id) > (?1, ?2) ORDER BY due_at, id LIMIT 1`,
        afterAt,
        afterId,
      )
      return row?.dueAt
    },

    /** Counts of a range of ids by task and state: for moving the mark. */
    countBetween(from: string, to: string): { task: string; state: JobState; n: number }[] {
      return sql.all(
        `SELECT task, state, COUNT(*) AS n FROM jobs WHERE id >= ? AND id < ? GROUP BY task, state`,
        from,
        to,
      )
    },

    /** The rows a pruning sweep looks at, oldest first. */
    sweep(
      after: string,
      below: string,
      limit: number,
    ): Pick<JobRow, 'id' | 'task' | 'state' | 'dueAt' | 'finishedAt'>[] {
      return sql.all(
        `SELECT id, task, state, due_at AS dueAt, finished_at AS finishedAt FROM jobs WHERE id > ? AND id < ? ORDER BY id LIMIT ?`,
        after,
        below,
        limit,
      )
    },

    /** The oldest job that a sweep has not passed. */
    firstAfter(id: string): string | undefined {
      return sql.all<{ id: string }>('SELECT id FROM jobs WHERE id > ? ORDER BY id LIMIT 1', id)[0]?.id
    },

    /** Gives rows a time to be looked at again, so that the mark or a sweep may pass them. */
    setDue(times: readonly { id: string; dueAt: number }[]): void {
      const pairs = times.map(({ id, dueAt }) => [id, dueAt])
      sql.all(
        `UPDATE jobs SET due_at = ${place(1)} FROM json_each(?) v WHERE jobs.id = ${place(0)}`,
        JSON.stringify(pairs),
      )
    },

    /** Forgets finished jobs. Never a live one, whatever it is told. */
    remove(ids: readonly string[]): string[] {
      return sql
        .all<{ id: string }>(
          `DELETE FROM jobs WHERE id IN (SELECT value FROM json_each(?)) AND state IN ('completed', 'failed', 'cancelled') RETURNING id`,
          JSON.stringify(ids),
        )
        .map(({ id }) => id)
    },

    /** The small columns of jobs below an id, newest first: what a search looks at. */
    search(below: string, from: string, limit: number): SearchRow[] {
      return sql.all(
        `SELECT id, task, state, tags, coalesce(key, former_key) AS key, created_at AS createdAt,
           finished_at AS finishedAt
         FROM jobs WHERE id < ? AND id >= ? ORDER BY id DESC LIMIT ?`,
        below,
        from,
        limit,
      )
    },
  }
}

export type JobStatements = ReturnType<typeof jobStatements>

/** What a search sees of a job. */
export type SearchRow = Pick<JobRow, 'id' | 'task' | 'state' | 'tags' | 'key' | 'createdAt' | 'finishedAt'>

/** Cuts rows into arrays that can be bound; a large row is an array of one. */
function inArrays(rows: readonly SqlValue[][]): SqlValue[][][] {
  const arrays: SqlValue[][][] = []
  let current: SqlValue[][] = []
  let chars = 0
  for (const row of rows) {
    const size = row.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length * 2 : 16), 0)
    if (size > rowCharsMax) {
      arrays.push([row])
      continue
    }
    if (chars + size > arrayCharsMax) {
      arrays.push(current)
      current = []
      chars = 0
    }
    current.push(row)
    chars += size
  }
  if (current.length > 0) arrays.push(current)
  return arrays
}

function inOrder<Row extends { id: string }>(ids: readonly string[], rows: Row[]): Row[] {
  if (rows.length < 2) return rows
  const found = new Map(rows.map((row) => [row.id, row]))
  return ids.flatMap((id) => found.get(id) ?? [])
}
