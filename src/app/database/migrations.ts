/**
 * The migrations, oldest first. The list only grows. A released file is never changed, because it has run somewhere. A deploy
 * runs two versions side by side for minutes, so the previous version must work on the new schema.
 */
import users from '../../../migrations/0001_users.sql'
import usersByTime from '../../../migrations/0002_users_by_time.sql'

/** One file of `migrations/`, under the name that `wrangler d1 migrations apply` records too. */
export interface Migration {
  readonly name: string
  readonly sql: string
}

export const migrations: readonly Migration[] = [
  { name: '0001_users.sql', sql: users },
  { name: '0002_users_by_time.sql', sql: usersByTime },
]
