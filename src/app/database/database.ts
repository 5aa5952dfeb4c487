/**
 * The door to the database: whoever comes through it finds the current schema. In the steady state that costs nothing,
 * because an isolate remembers that it looked.
 *
 * It remembers the fact, not the promise: requests that arrive together each look for themselves, so that none waits on
 * the work of another that may have been cancelled, and a failure is never remembered.
 */
import { migrate } from './migrate.ts'
import { migrations } from './migrations.ts'
import { Users } from './users.ts'

let isCurrent = false

/** The users, on the current schema. */
export async function openUsers({ DB }: Pick<Cloudflare.Env, 'DB'>): Promise<Users> {
  if (!isCurrent) {
    await migrate(DB, migrations)
    isCurrent = true
  }
  return new Users(DB)
}

/** Makes the next call look again. For tests, which empty the database under a living isolate. */
export function forgetSchema(): void {
  isCurrent = false
}
