/**
 * Many rows in one statement. A value that all rows of a batch share is bound once, and only the values that differ go through
 * one JSON array: taking a column out of that array costs more than writing it, and of some thirty columns of a job two or three
 * differ between the jobs of a call.
 *
 * One statement for all rows also avoids the limit of 100 parameters. A bound string fails somewhere above 1.5 MB, so batches are
 * cut well below that, and a large row goes by itself.
 */
import type { SqlValue } from './sql.ts'

/** Characters of JSON in one bound array, and the size from which on a row is bound by itself. */
const arrayCharsMax = 512 * 1024
const rowCharsMax = 64 * 1024

export interface RowBatch {
  /** SQL for each column, in the order of the values. */
  readonly columns: readonly string[]
  /** What comes after FROM; undefined for a single row, whose columns are all bound. */
  readonly source: string | undefined
  readonly bindings: readonly SqlValue[]
}

/** Cuts rows of the same columns into batches, in their order. */
export function rowBatches(rows: readonly SqlValue[][]): RowBatch[] {
  return cut(rows).map((batch) => {
    const [first, second] = batch
    return first && !second ? alone(first) : together(batch)
  })
}

function alone(row: readonly SqlValue[]): RowBatch {
  return { columns: row.map((_, index) => `?${index + 1}`), source: undefined, bindings: row }
}

function together(rows: readonly SqlValue[][]): RowBatch {
  const [first = []] = rows
  const shared: SqlValue[] = []
  const own: number[] = []
  const columns = first.map((value, index) => {
    if (rows.every((row) => row[index] === value)) return `?${shared.push(value) + 1}`
    return `v.value ->> ${own.push(index) - 1}`
  })
  const [only] = own
  if (only !== undefined && own.length === 1) columns[only] = 'v.value'
  const array = rows.map((row) => (own.length === 1 ? row[own[0] as number] : own.map((index) => row[index])))
  return { columns, source: 'json_each(?1) v', bindings: [JSON.stringify(array), ...shared] }
}

function cut(rows: readonly SqlValue[][]): SqlValue[][][] {
  const batches: SqlValue[][][] = []
  let current: SqlValue[][] = []
  let chars = 0
  for (const row of rows) {
    const size = row.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length * 2 : 16), 0)
    if (size > rowCharsMax) {
      batches.push([row])
      continue
    }
    if (chars + size > arrayCharsMax) {
      batches.push(current)
      current = []
      chars = 0
    }
    current.push(row)
    chars += size
  }
  if (current.length > 0) batches.push(current)
  return batches
}
