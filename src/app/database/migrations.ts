/**
 * The migrations, oldest first: an append-only list. A released file is never changed, since it has already run
 * somewhere; and because a deploy runs two versions for minutes, the version before must work on the new schema.
 */
import users from '../../../migrations/0001_users.sql'
import usersByTime from '../../../migrations/0002_users_by_time.sql'

/** One file of `migrations/`, under the name that `wrangler d1 migrations apply` gives it too. */
export interface Migration {
  readonly name: string
  readonly sql: string
}

export const migrations: readonly Migration[] = [
  { name: '0001_users.sql', sql: users },
  { name: '0002_users_by_time.sql', sql: usersByTime },
]
