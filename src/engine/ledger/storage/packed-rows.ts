/**
 * Rows that are read by the hundred or the thousand, as one text each time: handing every value over by itself takes
 * longer than finding the rows.
 */
import { type JobRow, type JobRowWithInput, type LightRow, newRow } from '../domain/row.ts'

/** What a statement that packs answers with: one row. */
export interface Packed {
  readonly packed: string
}

/** The columns that memory follows, in the order in which they are packed. */
export const lightNames = [
  'id',
  'task',
  'partition',
  'state',
  'priority',
  'bytes',
  'attempt',
  'lapses',
  'createdAt',
  'dueAt',
  'notBefore',
  'expiresAt',
  'startedAt',
  'lease',
  'leaseUntil',
  'cancelling',
] as const satisfies (keyof LightRow)[]
type PackedLight = RowOf<typeof lightNames>
type RowOf<Names extends readonly (keyof JobRow)[]> = { [Index in keyof Names]: JobRow[Names[Index]] }

/**
 * In the order of the inner query, which has a LIMIT. A text may have 2 MB, a thousand rows have 1.2 at most.
 *
 * @param rows a query for `lightNames`
 */
export function packedLight(rows: string): string {
  return `SELECT json_group_array(json_array(${lightNames.join(', ')})) AS packed FROM (${rows})`
}

export function unpackedLight([found]: readonly Packed[]): LightRow[] {
  return (JSON.parse(found?.packed ?? '[]') as PackedLight[]).map(lightRow)
}

/** Bytes of input and characters of tags up to which a row goes with others: five hundred of them stay below 2 MB. */
const freshBytesMax = 1_024
const freshTagsMax = 128

/** What a job that nothing has happened to yet has of its own, in the order in which it is packed. */
const freshNames = [
  'id',
  'task',
  'partition',
  'priority',
  'bytes',
  'maxAttempts',
  'createdAt',
  'expiresAt',
  'tags',
  'schedule',
  'slot',
  'trace',
] as const satisfies (keyof JobRow)[]
type PackedFresh = readonly [...RowOf<typeof freshNames>, input: string]

/**
 * Of thirty-four columns a job that waits for its first start has twelve of its own; one that has more, or is large, is
 * answered as its bare id.
 *
 * @param columns every column by its name in the code
 * @param rows what comes after FROM, for five hundred rows at most
 */
export function packedFresh(columns: Readonly<Record<keyof JobRow, string>>, rows: string): string {
  const sample = newRow({ id: '', task: '', input: '', maxAttempts: 1 }, 0)
  const rest = (Object.keys(columns) as (keyof JobRow)[]).filter((name) => !freshNames.some((own) => own === name))
  // Values of the code's own making: words, noughts and NULL.
  const isFresh = rest.map((name) => `${columns[name]} IS ${literal(sample[name])}`).join(' AND ')
  const isSmall = `bytes <= ${freshBytesMax} AND length(coalesce(tags, '')) <= ${freshTagsMax}`
  const own = freshNames.map((name) => columns[name]).join(', ')
  return `SELECT json_group_array(CASE WHEN ${isFresh} AND ${isSmall} THEN json_array(${own}, input) ELSE id END) AS packed
    FROM ${rows}`
}

/** The rows, and the ids of those that have to be read by themselves. */
export function unpackedFresh([found]: readonly Packed[]): { rows: JobRowWithInput[]; others: string[] } {
  const rows: JobRowWithInput[] = []
  const others: string[] = []
  for (const one of JSON.parse(found?.packed ?? '[]') as (PackedFresh | string)[]) {
    if (typeof one === 'string') others.push(one)
    else rows.push(freshRow(one))
  }
  return { rows, others }
}

function literal(value: string | number | null): string {
  return typeof value === 'string' ? `'${value}'` : String(value ?? 'NULL')
}

/** As it was recorded. */
function freshRow([
  id,
  task,
  partition,
  priority,
  bytes,
  maxAttempts,
  createdAt,
  expiresAt,
  tags,
  schedule,
  slot,
  trace,
  input,
]: PackedFresh): JobRowWithInput {
  const row = newRow({ id, task, partition, priority, maxAttempts, input }, createdAt)
  return { ...row, bytes, expiresAt, tags, schedule, slot, trace }
}

function lightRow([
  id,
  task,
  partition,
  state,
  priority,
  bytes,
  attempt,
  lapses,
  createdAt,
  dueAt,
  notBefore,
  expiresAt,
  startedAt,
  lease,
  leaseUntil,
  cancelling,
]: PackedLight): LightRow {
  return {
    id,
    task,
    partition,
    state,
    priority,
    bytes,
    attempt,
    lapses,
    createdAt,
    dueAt,
    notBefore,
    expiresAt,
    startedAt,
    lease,
    leaseUntil,
    cancelling,
  }
}
