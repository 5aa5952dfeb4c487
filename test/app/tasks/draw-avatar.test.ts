import { env } from 'cloudflare:workers'
import { describe, expect, test, vi } from 'vitest'
import { openUsers } from '../../../src/app/database/database.ts'
import { drawAvatar } from '../../../src/app/tasks/draw-avatar.ts'
import type { Progress } from '../../../src/engine/index.ts'
import { run, runOnFailed } from './run.ts'

const keys = async () => (await env.IMAGES.list()).objects.map(({ key }) => key)

describe('draw-avatar', () => {
  test('stores the picture in three sizes, and its output names nobody', async () => {
    expect(await run(drawAvatar, { userId: 7 })).toEqual({ sizes: [64, 256, 512] })
    expect((await keys()).sort()).toEqual(['avatars/7/256.png', 'avatars/7/512.png', 'avatars/7/64.png'])
    const stored = await env.IMAGES.head('avatars/7/256.png')
    expect(stored?.httpMetadata).toEqual({ contentType: 'image/png' })
  })

  test('reports its progress from 0 to 1, never backwards, with a message for each step', async () => {
    const progress: Progress[] = []
    await run(drawAvatar, { userId: 7 }, { progress })
    const values = progress.map(({ value }) => value)
    expect(values).toEqual([...values].sort((a, b) => a - b))
    expect(values.at(0)).toBeGreaterThan(0)
    expect(values.at(-1)).toBe(1)
    expect(progress.map(({ message }) => message)).toEqual([
      'drawing',
      'rendering 64 px',
      'rendering 256 px',
      'rendering 512 px',
      'stored',
    ])
  })

  test('running it twice changes nothing', async () => {
    await run(drawAvatar, { userId: 7 })
    const before = await env.IMAGES.head('avatars/7/512.png')
    await run(drawAvatar, { userId: 7 })
    expect((await env.IMAGES.head('avatars/7/512.png'))?.httpEtag).toBe(before?.httpEtag)
    expect(await keys()).toHaveLength(3)
  })

  test('stops between two sizes when it is aborted', async () => {
    const controller = new AbortController()
    const put = vi.spyOn(env.IMAGES, 'put').mockImplementationOnce(async () => {
      controller.abort(new Error('cancelled'))
      return null as never
    })
    await expect(run(drawAvatar, { userId: 7 }, { signal: controller.signal })).rejects.toThrow('cancelled')
    expect(put).toHaveBeenCalledOnce()
    put.mockRestore()
  })

  test('when it failed for good, the user’s row says so', async () => {
    const users = await openUsers(env)
    const user = { id: 7, email: 'a@b.c', emailKey: 'a@b.c', keyHash: null, requestHash: null, createdAt: 1 }
    await users.create(user)
    await runOnFailed(drawAvatar, { userId: 7 })
    expect((await users.get(7))?.imageFailedAt).toBeGreaterThan(0)
  })

  test('its policy gives a rendering time and a failing store several chances', () => {
    expect(drawAvatar.definition).toMatchObject({ name: 'draw-avatar', timeoutMs: 120_000, retry: { maxAttempts: 5 } })
  })
})
