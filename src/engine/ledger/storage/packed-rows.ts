/**
 * Rows that are read by the hundred or the thousand, as one JSON text each time: handing over every value by itself takes
 * longer than finding the rows.
 */
import { type JobRowWithInput, newRow } from '../domain/row.ts'
import { type FreshRow, freshNames, type LightRow, lightNames, settledNames, sqlName } from './columns.ts'

/** What a statement that packs answers with: one row. */
export interface Packed {
  readonly packed: string
}

/**
 * A statement that packs the light columns of rows, in the order of the inner query. The inner query has a LIMIT: a text may
 * have 2 MB, and a thousand rows have 1.2 MB at most.
 *
 * @param rows a query for the light columns under the code's names
 */
export function packedLight(rows: string): string {
  return `SELECT json_group_array(json_array(${lightNames.join(', ')})) AS packed FROM (${rows})`
}

export function unpackedLight([found]: readonly Packed[]): LightRow[] {
  return (JSON.parse(found?.packed ?? '[]') as unknown[][]).map(lightRow)
}

/** Bytes of input and characters of tags up to which a row is packed with others: five hundred of them stay below 2 MB. */
const freshBytesMax = 1_024
const freshTagsMax = 128

/** A row as it is recorded when a call says nothing special. */
const sample = newRow({ id: '', task: '', input: '', maxAttempts: 1 }, 0)

/**
 * A statement that packs whole rows. A job that waits for its first start has few columns of its own, and only these are
 * packed. A row that has more, or that is large, is answered as its bare id.
 *
 * @param rows what comes after FROM, for five hundred rows at most
 */
export function packedFresh(rows: string): string {
  // The values are the code's own: words, zero and NULL.
  const isFresh = settledNames.map((name) => `${sqlName(name)} IS ${literal(sample[name])}`).join(' AND ')
  const isSmall = `bytes <= ${freshBytesMax} AND length(coalesce(tags, '')) <= ${freshTagsMax}`
  const own = freshNames.map(sqlName).join(', ')
  return `SELECT json_group_array(CASE WHEN ${isFresh} AND ${isSmall} THEN json_array(${own}, input) ELSE id END) AS packed
    FROM ${rows}`
}

/** The rows, and the ids of the rows that have to be read by themselves. */
export function unpackedFresh([found]: readonly Packed[]): { rows: JobRowWithInput[]; others: string[] } {
  const rows: JobRowWithInput[] = []
  const others: string[] = []
  for (const one of JSON.parse(found?.packed ?? '[]') as (unknown[] | string)[]) {
    if (typeof one === 'string') others.push(one)
    else rows.push(freshRow(one))
  }
  return { rows, others }
}

function literal(value: string | number | null): string {
  return typeof value === 'string' ? `'${value}'` : String(value ?? 'NULL')
}

/** Every value is replaced below. The copy has one fixed shape, which makes it fast to use. */
const lightSample = Object.fromEntries(lightNames.map((name) => [name, sample[name]])) as Record<
  keyof LightRow,
  unknown
>

function lightRow(values: readonly unknown[]): LightRow {
  const row = { ...lightSample }
  for (let index = 0; index < lightNames.length; index++) row[lightNames[index] as keyof LightRow] = values[index]
  return row as unknown as LightRow
}

/** The row as it was recorded. The input comes last. */
function freshRow(values: readonly unknown[]): JobRowWithInput {
  const row: Record<keyof FreshRow | 'input', unknown> = { ...sample }
  for (let index = 0; index < freshNames.length; index++) row[freshNames[index] as keyof FreshRow] = values[index]
  row.input = values[freshNames.length]
  return row as unknown as JobRowWithInput
}
