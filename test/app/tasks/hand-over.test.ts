import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { openUsers } from '../../../src/app/database/database.ts'
import { drawAvatar } from '../../../src/app/tasks/draw-avatar.ts'
import { handOverMissing } from '../../../src/app/tasks/hand-over.ts'
import { sendWelcomeEmail } from '../../../src/app/tasks/send-welcome-email.ts'

const minutes = 60_000
const now = 100 * minutes

/** The engine is another room's matter: here it takes everything, unless a test says otherwise. */
const image = vi.spyOn(drawAvatar, 'enqueue')
const welcome = vi.spyOn(sendWelcomeEmail, 'enqueue')

beforeEach(() => {
  image.mockReset().mockImplementation(async ({ userId }) => ({ id: `image-${userId}` }) as never)
  welcome.mockReset().mockImplementation(async ({ userId }) => ({ id: `welcome-${userId}` }) as never)
})

async function userMadeAt(createdAt: number, id: number) {
  const users = await openUsers(env)
  await users.create({ id, email: 'a@b.c', emailKey: `${id}@b.c`, keyHash: null, requestHash: null, createdAt })
  return users
}

describe('handOverMissing', () => {
  test('hands over the picture and the welcome that a crash left undone, each with its key', async () => {
    const users = await userMadeAt(now - 2 * minutes, 7)
    expect(await handOverMissing(now)).toEqual({ handedOver: 1, failed: 0 })
    expect(image).toHaveBeenCalledExactlyOnceWith({ userId: 7 }, { idempotencyKey: 'avatar:7' })
    expect(welcome).toHaveBeenCalledExactlyOnceWith({ userId: 7 }, { idempotencyKey: 'welcome:7' })
    expect((await users.get(7))?.imageJobId).toBe('image-7')
  })

  test('does it once', async () => {
    await userMadeAt(now - 2 * minutes, 7)
    await handOverMissing(now)
    expect(await handOverMissing(now + minutes)).toEqual({ handedOver: 0, failed: 0 })
    expect(image).toHaveBeenCalledOnce()
  })

  test('leaves a younger user to the request that is making it', async () => {
    await userMadeAt(now - 2 * minutes + 1, 7)
    expect(await handOverMissing(now)).toEqual({ handedOver: 0, failed: 0 })
  })

  test('hands over only what is missing', async () => {
    const users = await userMadeAt(1, 7)
    await users.imageHandedOver(7, 'image')
    await userMadeAt(1, 8)
    await users.welcomed(8, 2)
    await userMadeAt(1, 9)
    await users.welcomeHandedOver(9, 'welcome')
    expect(await handOverMissing(now)).toEqual({ handedOver: 3, failed: 0 })
    expect(welcome.mock.calls.map(([{ userId }]) => userId)).toEqual([7])
    expect(image.mock.calls.map(([{ userId }]) => userId)).toEqual([8, 9])
  })

  test('one that fails does not stop the others, and is found again', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    for (const id of [7, 8, 9]) await userMadeAt(id, id)
    image.mockRejectedValueOnce(new Error('the ledger is away'))
    expect(await handOverMissing(now)).toEqual({ handedOver: 2, failed: 1 })
    expect(JSON.stringify(log.mock.calls)).not.toContain('@')
    log.mockRestore()
    expect(await handOverMissing(now)).toEqual({ handedOver: 1, failed: 0 })
    expect(image.mock.calls.map(([{ userId }]) => userId)).toEqual([7, 8, 9, 7])
  })

  test('a long backlog is worked off in several runs, the oldest first', async () => {
    await openUsers(env)
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)
       INSERT INTO users (id, email, email_key, created_at) SELECT i, i, i, 1000 - i FROM n`,
    ).run()
    expect(await handOverMissing(now)).toEqual({ handedOver: 200, failed: 0 })
    expect(image.mock.calls.at(0)?.[0]).toEqual({ userId: 250 })
    expect(await handOverMissing(now)).toEqual({ handedOver: 50, failed: 0 })
    expect(image.mock.calls.at(-1)?.[0]).toEqual({ userId: 1 })
  })
})
