/** A mail carrier to look at and to command, in place of the binding, for the Worker too: both see one `env`. */
import { env } from 'cloudflare:workers'
import { type Mock, vi } from 'vitest'

const real = env.EMAIL

/** Takes every letter, unless told otherwise. The binding's own is back after `dismissCarrier`. */
export function hireCarrier(): Mock<(letter: unknown) => Promise<EmailSendResult>> {
  const send = vi.fn(async (_: unknown) => ({ messageId: 'm' }))
  env.EMAIL = { send }
  return send
}

export function dismissCarrier(): void {
  env.EMAIL = real
}

/** As the platform throws when it does not take a letter. */
export function refusal(code: string): Error {
  return Object.assign(new Error('no'), { code })
}
