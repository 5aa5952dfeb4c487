/** The task that draws a user's picture and stores it in all sizes. It needs no database: the id says it all. */
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
  // Two drawings of one user would write the same files: they take turns, and hold no other user up.
  partition: ({ userId }) => String(userId),
  perPartition: { concurrency: 1 },
  retry: { maxAttempts: 5, backoff: 'exponential' },

  /** Safe to repeat: the same picture is stored under the same keys. Its output is public, with the job's view. */
  async run({ userId }, { env, signal, progress }) {
    progress(0.05, 'drawing')
    const svg = avatarSvg(userId)
    for (const [index, size] of avatarSizes.entries()) {
      // Rendering cannot be interrupted, so between two sizes is where an abort is heard.
      signal.throwIfAborted()
      progress(0.1 + (0.9 * index) / avatarSizes.length, `rendering ${size} px`)
      await storeAvatar(env, userId, size, await renderPng(svg, size))
    }
    progress(1, 'stored')
    return { sizes: avatarSizes }
  },

  /** Tells whoever waits for the picture to stop waiting. */
  async onFailed({ userId }, { env }) {
    const users = await openUsers(env)
    await users.imageFailed(userId, Date.now())
  },
})

/** One picture job a user: every way that leads here names the same job. */
export function avatarKey(userId: number): string {
  return `avatar:${userId}`
}
