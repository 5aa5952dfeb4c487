/**
 * Records what handlers did, apart from the ledgers. It survives a crash as they do, and knows nothing of leases. A line here is a
 * side effect; the number of lines of a job is how often it really ran.
 */
import { DurableObject, env } from 'cloudflare:workers'
import type { Run } from '../shapes.ts'

/** Lines in one answer. */
const pageRuns = 5_000

export class Witness extends DurableObject {
  constructor(ctx: DurableObjectState, bindings: Cloudflare.Env) {
    super(ctx, bindings)
    // No key but the order, because a run too many must be seen and not refused.
    ctx.storage.sql.exec(
      'CREATE TABLE IF NOT EXISTS runs (seq INTEGER PRIMARY KEY, job TEXT NOT NULL, attempt INTEGER NOT NULL, at INTEGER NOT NULL)',
    )
  }

  ran(job: string, attempt: number): void {
    this.ctx.storage.sql.exec('INSERT INTO runs (job, attempt, at) VALUES (?, ?, ?)', job, attempt, Date.now())
  }

  /** What was written after line `seq`, oldest first. */
  after(seq: number): Run[] {
    const { sql } = this.ctx.storage
    return [...sql.exec('SELECT * FROM runs WHERE seq > ? ORDER BY seq LIMIT ?', seq, pageRuns)] as unknown as Run[]
  }
}

/** The one witness. */
export function witness(): DurableObjectStub<Witness> {
  const { WITNESS } = env as unknown as { WITNESS: DurableObjectNamespace<Witness> }
  return WITNESS.get(WITNESS.idFromName('witness'))
}
