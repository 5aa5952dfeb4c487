/** The entry of the Worker: what the platform calls, and the classes that it creates. Everything is decided elsewhere. */
import { app } from './app/app.ts'
import { chard } from './app/chard.ts'
import { drawAvatar } from './app/tasks/draw-avatar.ts'
import { handOverMissing } from './app/tasks/hand-over.ts'
import { sendDigest } from './app/tasks/send-digest.ts'
import { sendWelcomeEmail } from './app/tasks/send-welcome-email.ts'

const worker = chard.serve([drawAvatar, sendWelcomeEmail, sendDigest])

export const Ledger = worker.Ledger
export const Runner = worker.Runner

export default {
  fetch: app.fetch,
  queue: worker.queue,
  /** The watchdogs of the engine and of the service. One that fails is reported, and does not stop the other. */
  async scheduled() {
    const results = await Promise.allSettled([worker.scheduled(), handOverMissing()])
    const reasons = results.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
    if (reasons.length > 0) throw new AggregateError(reasons, 'a watchdog failed')
  },
} satisfies ExportedHandler<Cloudflare.Env>
