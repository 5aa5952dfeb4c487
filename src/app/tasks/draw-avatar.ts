/** The task that draws a user's picture and stores it in all sizes. It needs the user's id alone, and no database. */
import * as z from 'zod'
import { chard } from '../chard.ts'
import { openUsers } from '../database/database.ts'
import { avatarSizes, avatarSvg } from '../images/avatar.ts'
import { renderPng } from '../images/render.ts'
import { storeAvatar } from '../images/store.ts'
import { isUserId } from '../users/user-id.ts'

export const drawAvatar = chard.task({
  name: 'draw-avatar',
  input: z.object({ userId: z.custom<number>(isUserId) }),
  timeout: '2m',
  // Two drawings of one user would write the same files, so they run one after the other; those of other users do not wait.
  partition: ({ userId }) => String(userId),
  perPartition: { concurrency: 1 },
  retry: { maxAttempts: 5, backoff: 'exponential' },

  /** Safe to repeat: the same picture is stored under the same keys. Its output is part of the job's public view. */
  async run({ userId }, { env, signal, progress }) {
    progress(0.05, 'drawing')
    const svg = avatarSvg(userId)
    for (const [index, size] of avatarSizes.entries()) {
      // Rendering cannot be interrupted, so an abort takes effect between two sizes.
      signal.throwIfAborted()
      progress(0.1 + (0.9 * index) / avatarSizes.length, `rendering ${size} px`)
      await storeAvatar(env, userId, size, await renderPng(svg, size))
    }
    progress(1, 'stored')
    return { sizes: avatarSizes }
  },

  /** Records that the picture will not come, for those who wait for it. */
  async onFailed({ userId }, { env }) {
    const users = await openUsers(env)
    await users.imageFailed(userId, Date.now())
  },
})

/** The idempotency key of a user's picture: every caller names the same job. */
export function avatarKey(userId: number): string {
  return `avatar:${userId}`
}
