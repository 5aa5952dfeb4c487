/** What people set for a whole deployment. */
import { changed } from '../domain/settings.ts'
import { wakeUpTimeoutMs } from '../domain/timeouts.ts'
import type { Settings, SettingsChange } from '../protocol/settings.ts'
import type { Context } from '../transaction/context.ts'
import type { Transaction } from '../transaction/transaction.ts'

export function settings({ cached }: Context): Settings {
  return cached.settings
}

/** Makes a new version of the settings. One ledger, that of shard 0, does this for all. */
export function changeSettings(tx: Transaction, change: SettingsChange): Settings {
  const next = changed(tx.context.cached.settings, change, tx.now)
  adoptSettings(tx, next)
  return next
}

/** Takes settings that are newer than its own. Jobs that they release may start at once. */
export function adoptSettings(tx: Transaction, newer: Settings): void {
  const { facts, cached, memory } = tx.context
  if (newer.version <= cached.settings.version) return
  facts.write('settings', newer)
  tx.armBy(tx.now + wakeUpTimeoutMs)
  tx.onCommit(() => {
    cached.settings = newer
    memory.ready.unparkAll()
  })
}
