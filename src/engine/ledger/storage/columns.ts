/**
 * The columns of a job: one declaration a column. Every list of columns and every type of a part of a row is made from it.
 * A new column is a field of `JobRow`, a line here, and a migration.
 */
import type { JobRow } from '../domain/row.ts'

interface Column {
  /** Its name in SQL. */
  readonly sql: string
  /** A step of a job may change it. The others never change once the job is recorded. */
  readonly changes?: true
  /** Memory follows it: it is read for every live row on activation, so these are few and small. */
  readonly light?: true
  /** A job that nothing has happened to yet has a value of its own in it. In the others every such job has the same. */
  readonly fresh?: true
}

const columns = {
  id: { sql: 'id', light: true, fresh: true },
  task: { sql: 'task', light: true, fresh: true },
  partition: { sql: 'partition', light: true, fresh: true },
  state: { sql: 'state', changes: true, light: true },
  reason: { sql: 'reason', changes: true },
  priority: { sql: 'priority', changes: true, light: true, fresh: true },
  bytes: { sql: 'bytes', changes: true, light: true, fresh: true },
  attempt: { sql: 'attempt', changes: true, light: true },
  maxAttempts: { sql: 'max_attempts', changes: true, fresh: true },
  lapses: { sql: 'lapses', changes: true, light: true },
  refunds: { sql: 'refunds', changes: true },
  createdAt: { sql: 'created_at', light: true, fresh: true },
  dueAt: { sql: 'due_at', changes: true, light: true },
  notBefore: { sql: 'not_before', changes: true, light: true },
  expiresAt: { sql: 'expires_at', changes: true, light: true, fresh: true },
  startedAt: { sql: 'started_at', changes: true, light: true },
  finishedAt: { sql: 'finished_at', changes: true },
  lease: { sql: 'lease', changes: true, light: true },
  leaseUntil: { sql: 'lease_until', changes: true, light: true },
  cancelling: { sql: 'cancelling', changes: true, light: true },
  key: { sql: 'key', changes: true },
  formerKey: { sql: 'former_key', changes: true },
  calls: { sql: 'calls', changes: true },
  keyStartedAt: { sql: 'key_started_at', changes: true },
  after: { sql: 'after_job', changes: true },
  successor: { sql: 'successor', changes: true },
  tags: { sql: 'tags', fresh: true },
  schedule: { sql: 'schedule', fresh: true },
  slot: { sql: 'slot', fresh: true },
  trace: { sql: 'trace', fresh: true },
  progress: { sql: 'progress', changes: true },
  error: { sql: 'error', changes: true },
  history: { sql: 'history', changes: true },
  output: { sql: 'output', changes: true },
} as const satisfies Record<keyof JobRow, Column>

type Facts = typeof columns
type With<Mark extends string> = { [Name in keyof Facts]: Mark extends keyof Facts[Name] ? Name : never }[keyof Facts]

export type ColumnName = keyof Facts

/** The part of a row that memory follows. */
export type LightRow = Pick<JobRow, With<'light'>>

/** What a job has of its own before anything has happened to it. */
export type FreshRow = Pick<JobRow, With<'fresh'>>

export const columnNames = Object.keys(columns) as readonly ColumnName[]
export const changingNames = columnNames.filter((name) => 'changes' in columns[name])
export const lightNames = columnNames.filter((name): name is keyof LightRow => 'light' in columns[name])
export const freshNames = columnNames.filter((name): name is keyof FreshRow => 'fresh' in columns[name])
/** The columns that every fresh job has the same value in. */
export const settledNames = columnNames.filter((name) => !('fresh' in columns[name]))

/** The name of a column in SQL. */
export function sqlName(name: ColumnName): string {
  return columns[name].sql
}

/** A list of columns for a SELECT, each under the name that the code gives it. */
export function selected(names: readonly ColumnName[]): string {
  return names.map((name) => `${sqlName(name)} AS ${name}`).join(', ')
}
