/**
 * The only way to the database, which brings it to the current schema first. Each isolate does that once.
 *
 * An isolate remembers that it was done, and not the promise. So requests that arrive together each do it, none of them waits
 * for the work of another that may have been cancelled, and a failure is not remembered.
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

/** Makes the next call migrate again. For tests, which empty the database while the isolate lives. */
export function forgetSchema(): void {
  isCurrent = false
}
