/**
 * Every SQL statement about jobs, named and typed; those of the small tables are in small-tables.ts. A statement never
 * chooses a state: it writes what it is given, and only if the row is still as it was read.
 */
import { finalStates, type JobState } from '../../task/states.ts'
import { lesser } from '../domain/job-id.ts'
import type { SpilledLane } from '../domain/lane-name.ts'
import { type JobRow, type JobRowWithInput, shaped } from '../domain/row.ts'
import { type ColumnName, changingNames, columnNames, type LightRow, lightNames, selected, sqlName } from './columns.ts'
import { type Packed, packedFresh, packedLight, unpackedFresh, unpackedLight } from './packed-rows.ts'
import { type RowBatch, rowBatches } from './row-batch.ts'
import { RowCache } from './row-cache.ts'
import type { Sql, SqlValue } from './sql.ts'

/** Which columns a change touches, a bit for each. There are fewer than 31; a test holds that. */
function changedBits({ before, after }: Change): number {
  let bits = 0
  for (const [index, name] of changingNames.entries()) if (before[name] !== after[name]) bits |= 1 << index
  return bits
}

const whole = selected(columnNames)
const insertInto = `INSERT INTO jobs (${columnNames.map(sqlName).join(', ')}, input)`

const light = selected(lightNames)
const freshByIds = packedFresh('jobs WHERE id IN (SELECT value FROM json_each(?))')

/** What a spilled lane leaves on disk. `SpilledLanes.isOnDisk` decides the same for a row. */
const plain = "state = 'queued' AND due_at IS NULL AND expires_at IS NULL AND not_before IS NULL AND lapses = 0"
const ofLane = '(task = ? AND partition = ? AND priority = ?)'
const freshLeft = packedFresh(`(SELECT * FROM jobs WHERE id > ? AND ${plain} AND ${ofLane} ORDER BY id LIMIT ?)`)
/** A row whose job has ended. */
const isEnded = `jobs.state IN (${finalStates.map((state) => `'${state}'`).join(', ')})`
const laneBindings = ({ task, partition, priority }: SpilledLane): SqlValue[] => [task, partition, priority]

/** A row with the same values in these columns is still as it was read. */
const unchanged = ['state', 'attempt', 'lease', 'leaseUntil', 'cancelling'] as const satisfies ColumnName[]

export interface Change {
  readonly before: JobRow
  readonly after: JobRow
  /** Its new input, as JSON text. Absent: it keeps the one it has. */
  readonly input?: string | undefined
}

/** @param rowCache rows that need not be read, of the ledger whose database this is */
export function jobStatements(sql: Sql, rowCache = new RowCache()) {
  /** Runs a statement and answers how many rows it has written. For many rows RETURNING would make an object of each. */
  const written = (statement: string, { source, bindings }: RowBatch): number => {
    if (source === undefined) return sql.all(`${statement} RETURNING 1`, ...bindings).length
    sql.all(statement, ...bindings)
    return sql.all<{ n: number }>('SELECT changes() AS n')[0]?.n ?? 0
  }

  /** Writes a batch over existing rows. Answers how many it has written. */
  const overwritten = (batch: RowBatch, set: readonly string[], where: readonly string[]): number => {
    const from = batch.source === undefined ? '' : ` FROM ${batch.source}`
    return written(`UPDATE jobs SET ${set.join(', ')}${from} WHERE ${where.join(' AND ')}`, batch)
  }

  /** The rows with these ids. A single row is found without unpacking an array. */
  const selectByIds = <Row>(wanted: string, ids: readonly string[]): Row[] => {
    const [only, second] = ids
    const [which, bound] =
      only !== undefined && second === undefined
        ? ['= ?', only]
        : ['IN (SELECT value FROM json_each(?))', JSON.stringify(ids)]
    return sql.all<Row>(`SELECT ${wanted} FROM jobs WHERE id ${which}`, bound)
  }

  /** Writes rows in which the same columns have changed. */
  const update = (changes: readonly Change[], changed: readonly ColumnName[]): number => {
    const hasInput = changes.some(({ input }) => input !== undefined)
    const set = [...changed.map(sqlName), ...(hasInput ? ['input'] : [])]
    if (set.length === 0) return changes.length
    for (const { before } of changes) rowCache.drop(before.id)
    const rows = changes.map(({ before, after, input }): SqlValue[] => [
      ...changed.map((name) => after[name] ?? null),
      ...(hasInput ? [input ?? null] : []),
      before.id,
      ...unchanged.map((name) => before[name]),
    ])
    return rowBatches(rows).reduce((count, batch) => {
      const { columns: bound } = batch
      const values = set.map((name, index) =>
        name === 'input' ? `input = coalesce(${bound[index]}, input)` : `${name} = ${bound[index]}`,
      )
      const [id, ...still] = bound.slice(set.length)
      const isStill = unchanged.map((name, index) => `jobs.${sqlName(name)} IS (${still[index]})`)
      return count + overwritten(batch, values, [`jobs.id = ${id}`, ...isStill])
    }, 0)
  }

  const lights = (rows: string, ...bindings: SqlValue[]): LightRow[] =>
    unpackedLight(sql.all<Packed>(packedLight(rows), ...bindings))

  /** Whole rows, by a statement that packs the fresh ones. In no order. */
  const withInput = (statement: string, ...bindings: SqlValue[]): JobRowWithInput[] => {
    const { rows, others } = unpackedFresh(sql.all<Packed>(statement, ...bindings))
    return others.length === 0 ? rows : [...rows, ...wholeByIds(others)]
  }

  const wholeByIds = (ids: readonly string[]): JobRowWithInput[] =>
    selectByIds<JobRowWithInput>(`${whole}, input`, ids).map((row) => ({ ...shaped(row), input: row.input }))

  return {
    /** Records jobs. A job whose id is known stays as it is. Answers how many were new. */
    insert(rows: readonly JobRowWithInput[]): number {
      const values = rows.map((row): SqlValue[] => [...columnNames.map((name) => row[name]), row.input])
      return rowBatches(values).reduce((count, batch) => {
        const { columns: bound, source } = batch
        // A SELECT before ON CONFLICT needs its WHERE, or the parser takes ON for a join's.
        const from = source === undefined ? `VALUES (${bound})` : `SELECT ${bound} FROM ${source} WHERE true`
        return count + written(`${insertInto} ${from} ON CONFLICT (id) DO NOTHING`, batch)
      }, 0)
    },

    /**
     * Records jobs in the rows of ended jobs whose retention is over: one row written, where a removal and an insert write two.
     * Nothing of the old job is left. Answers how many rows were taken over.
     */
    takeOver(pairs: readonly { readonly id: string; readonly row: JobRowWithInput }[]): number {
      for (const { id } of pairs) rowCache.drop(id)
      const values = pairs.map(({ id, row }): SqlValue[] => [...columnNames.map((name) => row[name]), row.input, id])
      const isOver = `${isEnded} AND jobs.due_at IS NULL AND jobs.key IS NULL`
      return rowBatches(values).reduce((count, batch) => {
        const { columns: bound } = batch
        const set = [...columnNames.map(sqlName), 'input'].map((name, index) => `${name} = ${bound[index]}`)
        return count + overwritten(batch, set, [`jobs.id = ${bound.at(-1)}`, isOver])
      }, 0)
    },

    /**
     * Writes the next rows of jobs, each only if it is still as it was read. Answers how many were written. Only the columns that
     * a step has changed are set: an index over a column that is set is written too, whether or not the value changes.
     */
    update(changes: readonly Change[]): number {
      let count = 0
      for (const [bits, group] of Map.groupBy(changes, changedBits)) {
        count += update(
          group,
          changingNames.filter((_, index) => bits & (1 << index)),
        )
      }
      return count
    },

    /** The jobs with these ids, in the order of the ids. Unknown ones are left out. */
    byIds(ids: readonly string[]): JobRow[] {
      return known(
        ids,
        (id) => rowCache.get(id),
        (rest) => selectByIds<JobRow>(whole, rest).map(shaped),
      )
    },

    /** As `byIds`, with the inputs: for claims and for people. */
    withInput(ids: readonly string[]): JobRowWithInput[] {
      const read = (rest: readonly string[]) =>
        rest.length === 1 ? wholeByIds(rest) : withInput(freshByIds, JSON.stringify(rest))
      return known(ids, (id) => rowCache.withInput(id), read)
    },

    /** The job that holds a key within its task and partition. */
    byKey(key: string, task: string, partition: string): JobRowWithInput | undefined {
      return sql.all<JobRowWithInput>(
        `SELECT ${whole}, input FROM jobs WHERE key = ? AND task = ? AND partition = ?`,
        key,
        task,
        partition,
      )[0]
    },

    /** For activation: every row at or above the watermark, by key. */
    fromWatermark(watermark: string, after: string, limit: number): LightRow[] {
      // One bound and not two: SQLite would seek by one of them, and step over every row between the two.
      const from = after < watermark ? 'id >= ?' : 'id > ?'
      return lights(
        `SELECT ${light} FROM jobs WHERE ${from} ORDER BY id LIMIT ?`,
        after < watermark ? watermark : after,
        limit,
      )
    },

    /** For activation: the same without the rows that spilled lanes leave on disk. */
    besides(cut: readonly SpilledLane[], after: string, limit: number): LightRow[] {
      const lanes = cut.map(() => ofLane).join(' OR ')
      return lights(
        `SELECT ${light} FROM jobs WHERE id > ? AND NOT (${plain} AND (${lanes})) ORDER BY id LIMIT ?`,
        after,
        ...cut.flatMap(laneBindings),
        limit,
      )
    },

    /** For activation: how many rows each of these lanes leaves on disk. One pass for all of them. */
    countLeft(cut: readonly SpilledLane[]): number[] {
      const stats = cut.map((_, index) => `sum(${plain} AND ${ofLane} AND id > ?) AS n${index}`)
      const [found] = sql.all<Record<string, number | null>>(
        `SELECT ${stats.join(', ')} FROM jobs WHERE id > ?`,
        ...cut.flatMap((lane) => [...laneBindings(lane), lane.from]),
        cut.map(({ from }) => from).reduce(lesser),
      )
      return cut.map((_, index) => found?.[`n${index}`] ?? 0)
    },

    /** Rows that a spilled lane has left on disk, by key. Whole rows, for they are claimed soon. Up to five hundred. */
    left(lane: SpilledLane, limit: number): JobRowWithInput[] {
      return withInput(freshLeft, lane.from, ...laneBindings(lane), limit).sort((a, b) => (a.id < b.id ? -1 : 1))
    },

    /** Plain waiting rows beyond those that fit in memory, by key. */
    waitingAfter(id: string, limit: number): LightRow[] {
      return lights(
        `SELECT ${light} FROM jobs WHERE id > ? AND state = 'queued' AND due_at IS NULL ORDER BY id LIMIT ?`,
        id,
        limit,
      )
    },

    /** Rows that have fallen due after a position in the due index, by that index. */
    due(afterAt: number, afterId: string, now: number, limit: number): LightRow[] {
      return lights(
        `SELECT ${light} FROM jobs INDEXED BY jobs_due
         WHERE due_at >= ?1 AND due_at <= ?3 AND (due_at, id) > (?1, ?2) ORDER BY due_at, id LIMIT ?4`,
        afterAt,
        afterId,
        now,
        limit,
      )
    },

    /** Running rows among those that have fallen due. Reads all that have. */
    runningDue(now: number): LightRow[] {
      return sql.all<LightRow>(
        `SELECT ${light} FROM jobs INDEXED BY jobs_due WHERE due_at <= ? AND state = 'running'`,
        now,
      )
    },

    /** When the next row beyond a position in the due index falls due. */
    nextDueAt(afterAt: number, afterId: string): number | undefined {
      const [row] = sql.all<{ dueAt: number }>(
        `SELECT due_at AS dueAt FROM jobs INDEXED BY jobs_due
         WHERE due_at >= ?1 AND (due_at, id) > (?1, ?2) ORDER BY due_at, id LIMIT 1`,
        afterAt,
        afterId,
      )
      return row?.dueAt
    },

    /** Counts of a range of ids by task and state: for moving the watermark. */
    countBetween(from: string, to: string): { task: string; state: JobState; n: number }[] {
      return sql.all(
        `SELECT task, state, COUNT(*) AS n FROM jobs WHERE id >= ? AND id < ? GROUP BY task, state`,
        from,
        to,
      )
    },

    /** The rows that a sweep looks at, the oldest first. */
    sweep(after: string, below: string, limit: number): SweptRow[] {
      return sql.all(
        `SELECT id, task, state, due_at AS dueAt, finished_at AS finishedAt, key FROM jobs WHERE id > ? AND id < ? ORDER BY id LIMIT ?`,
        after,
        below,
        limit,
      )
    },

    /** The oldest job that a sweep has not passed. */
    firstAfter(id: string): string | undefined {
      return sql.all<{ id: string }>('SELECT id FROM jobs WHERE id > ? ORDER BY id LIMIT 1', id)[0]?.id
    },

    /** Gives rows a time to be looked at again, so that the watermark or a sweep may pass them. */
    setDue(times: readonly { id: string; dueAt: number }[]): void {
      const pairs = times.map(({ id, dueAt }) => [id, dueAt])
      for (const { id } of times) rowCache.drop(id)
      sql.all(
        'UPDATE jobs SET due_at = v.value ->> 1 FROM json_each(?) v WHERE jobs.id = v.value ->> 0',
        JSON.stringify(pairs),
      )
    },

    /** Removes finished jobs and answers their ids. Never removes a live job, whatever ids it gets. */
    remove(ids: readonly string[]): string[] {
      for (const id of ids) rowCache.drop(id)
      return sql
        .all<{ id: string }>(
          `DELETE FROM jobs WHERE id IN (SELECT value FROM json_each(?)) AND ${isEnded} RETURNING id`,
          JSON.stringify(ids),
        )
        .map(({ id }) => id)
    },

    /** The small columns of jobs below an id, the newest first: what a search looks at. */
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

/** What a sweep sees of a job. */
export type SweptRow = Pick<JobRow, 'id' | 'task' | 'state' | 'dueAt' | 'finishedAt' | 'key'>

/** What a search sees of a job. */
export type SearchRow = Pick<JobRow, 'id' | 'task' | 'state' | 'tags' | 'key' | 'createdAt' | 'finishedAt'>

/** The rows with these ids, in the order of the ids: those that are at hand, and those that are read. */
function known<Row extends { id: string }>(
  ids: readonly string[],
  atHand: (id: string) => Row | undefined,
  read: (ids: readonly string[]) => Row[],
): Row[] {
  const found = new Map<string, Row>()
  for (const id of ids) {
    const row = atHand(id)
    if (row) found.set(id, row)
  }
  const rest = found.size === 0 ? ids : ids.filter((id) => !found.has(id))
  if (rest.length > 0) for (const row of read(rest)) found.set(row.id, row)
  return ids.flatMap((id) => found.get(id) ?? [])
}
