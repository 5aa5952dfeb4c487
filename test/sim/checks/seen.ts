/**
 * The triggers that report each row of a ledger's tables as it is written, and the rows in the form in which they report
 * them.
 */

/** The row of a job. */
export interface SeenRow {
  readonly id: string
  readonly task: string
  readonly partition: string
  readonly state: string
  readonly reason: string | null
  readonly attempt: number
  readonly maxAttempts: number
  readonly lapses: number
  readonly refunds: number
  readonly createdAt: number
  readonly dueAt: number | null
  readonly notBefore: number | null
  readonly expiresAt: number | null
  readonly startedAt: number | null
  readonly lease: string | null
  readonly leaseUntil: number | null
  readonly cancelling: number
  readonly finishedAt: number | null
  readonly output: string | null
  readonly key: string | null
  readonly formerKey: string | null
  readonly after: string | null
  readonly priority: number
  readonly schedule: string | null
  readonly slot: number | null
  readonly input: string
}

/** The row of a schedule. */
export interface SeenSchedule {
  readonly name: string
  readonly rule: string
  readonly anchor: number
  readonly nextAt: number | null
  readonly paused: number
  readonly stopped: string | null
  readonly history: string
}

/** The row of a bulk action. */
export interface SeenBulk {
  readonly id: string
  readonly action: string
  readonly filter: string
  readonly startedAt: number
  readonly below: string | null
  readonly changed: number
}

export type Seen =
  | { readonly kind: 'written'; readonly row: SeenRow }
  | { readonly kind: 'deleted'; readonly id: string; readonly isTaken?: boolean }
  | { readonly kind: 'extended'; readonly runner: string; readonly until: number }
  | { readonly kind: 'forgotten'; readonly runner: string }
  | { readonly kind: 'schedule'; readonly schedule: SeenSchedule }
  | { readonly kind: 'bulk'; readonly bulk: SeenBulk }
  | { readonly kind: 'settings'; readonly text: string }
  | { readonly kind: 'limitForgotten'; readonly task: string; readonly partition: string }

const jobColumns =
  'id task partition state reason attempt max_attempts lapses refunds created_at due_at not_before expires_at started_at lease lease_until cancelling finished_at output key former_key after_job priority schedule slot input'.split(
    ' ',
  )
const scheduleColumns = 'name rule anchor next_at paused stopped history'.split(' ')
const bulkColumns = 'id action filter started_at below changed'.split(' ')

/** The name of a column in the code. */
const nameOf = (column: string) =>
  column === 'after_job' ? 'after' : column.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())

const record = (columns: readonly string[]) => {
  const names = columns.map(nameOf)
  return (values: readonly unknown[]) => {
    const made: Record<string, unknown> = {}
    for (let index = 0; index < names.length; index++) made[names[index] as string] = values[index]
    return made
  }
}
const [jobOf, scheduleOf, bulkOf] = [record(jobColumns), record(scheduleColumns), record(bulkColumns)]

/** What each function that the triggers call reports. */
export const seers: Readonly<Record<string, (values: readonly unknown[]) => Seen>> = {
  seen_written: (values) => ({ kind: 'written', row: jobOf(values) as unknown as SeenRow }),
  seen_deleted: ([id]) => ({ kind: 'deleted', id: id as string }),
  seen_taken: ([id]) => ({ kind: 'deleted', id: id as string, isTaken: true }),
  seen_extended: ([runner, until]) => ({ kind: 'extended', runner: runner as string, until: until as number }),
  seen_forgotten: ([runner]) => ({ kind: 'forgotten', runner: runner as string }),
  seen_schedule: (values) => ({ kind: 'schedule', schedule: scheduleOf(values) as unknown as SeenSchedule }),
  seen_bulk: (values) => ({ kind: 'bulk', bulk: bulkOf(values) as unknown as SeenBulk }),
  seen_settings: ([text]) => ({ kind: 'settings', text: text as string }),
  seen_limit: ([task, partition]) => ({
    kind: 'limitForgotten',
    task: task as string,
    partition: partition as string,
  }),
}

const written = (table: string, seer: string, columns: readonly string[], when = '') =>
  ['INSERT', 'UPDATE'].map(
    (what) =>
      `CREATE TEMP TRIGGER ${seer}_${what} AFTER ${what} ON main.${table} ${when} BEGIN SELECT ${seer}(${columns.map((name) => `NEW.${name}`)}); END`,
  )
const gone = (table: string, seer: string, columns: readonly string[]) =>
  `CREATE TEMP TRIGGER ${seer}_${table} AFTER DELETE ON main.${table} BEGIN SELECT ${seer}(${columns.map((name) => `OLD.${name}`)}); END`

export const triggers: readonly string[] = [
  ...written('jobs', 'seen_written', jobColumns),
  gone('jobs', 'seen_deleted', ['id']),
  // Where a new job takes over a row, the old job is gone.
  'CREATE TEMP TRIGGER seen_taken_over BEFORE UPDATE OF id ON main.jobs WHEN NEW.id <> OLD.id BEGIN SELECT seen_taken(OLD.id); END',
  ...written('runners', 'seen_extended', ['runner', 'until']),
  gone('runners', 'seen_forgotten', ['runner']),
  ...written('schedules', 'seen_schedule', scheduleColumns),
  ...written('bulks', 'seen_bulk', bulkColumns),
  ...written('facts', 'seen_settings', ['value'], "WHEN NEW.name = 'settings'"),
  gone('limits', 'seen_limit', ['task', 'partition']),
]
