/** Schedules, limits and order on the real runtime hold exactly, also through a `kill -9` of everything. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DevServer, temporaryFolder } from './dev-server.ts'

const worker = join(import.meta.dirname, '../../examples/limits')

interface Row {
  readonly id: string
  readonly state: string
  readonly startedAt?: number
  readonly partition?: string
  readonly priority: number
  readonly schedule?: { readonly slot: number }
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let server: DevServer

beforeAll(async () => {
  folder = await temporaryFolder()
  server = await DevServer.start('wrangler dev', folder.path, ['--config', join(worker, 'wrangler.toml')])
  // The watchdog installs the schedules.
  await server.cron()
})

afterAll(async () => {
  await server?.stop()
  await folder?.[Symbol.asyncDispose]()
  await rm(join(worker, '.wrangler'), { recursive: true, force: true })
})

async function crash(downMs: number): Promise<void> {
  await server.kill()
  await sleep(downMs)
  await server.restart()
}

async function enqueue(task: string, count: number, more: object = {}): Promise<string[]> {
  const body = JSON.stringify({ count, ...more })
  const answer = await server.fetch(`/enqueue/${task}`, { method: 'POST', body })
  expect(answer.status).toBe(200)
  return ((await answer.json()) as { id: string }[]).map(({ id }) => id)
}

async function jobs(task: string): Promise<Row[]> {
  const found: Row[] = []
  for (let cursor = ''; ; ) {
    const answer = await server.fetch(`/jobs/${task}${cursor && `?cursor=${cursor}`}`)
    const page = (await answer.json()) as { jobs: Row[]; cursor?: string; missing: number[] }
    expect(page.missing).toEqual([])
    found.push(...page.jobs)
    if (page.cursor === undefined) return found
    cursor = page.cursor
  }
}

/** Until no job of a task waits or runs. Counting costs the server less than looking at every job. */
async function ended(task: string, withinMs: number): Promise<Record<string, number>> {
  const look = async () => {
    const { tasks } = (await (await server.fetch('/tasks')).json()) as {
      tasks: { name: string; counts: Record<string, number> }[]
    }
    return tasks.find(({ name }) => name === task)?.counts ?? {}
  }
  const unfinished = ({ scheduled = 0, queued = 0, running = 0, retrying = 0 }: Record<string, number>) =>
    scheduled + queued + running + retrying
  const counts = await eventually(look, (seen) => unfinished(seen) === 0, withinMs)
  expect(unfinished(counts)).toBe(0)
  return counts
}

async function eventually<T>(look: () => Promise<T>, until: (seen: T) => boolean, withinMs: number): Promise<T> {
  for (const deadline = Date.now() + withinMs; ; ) {
    const seen = await look()
    if (until(seen) || Date.now() > deadline) return seen
    await sleep(500)
  }
}

const started = (rows: readonly Row[]) => rows.flatMap(({ startedAt }) => startedAt ?? []).sort((a, b) => a - b)

describe('a schedule every two seconds', () => {
  test('makes one job a slot through a kill -9, none lost and none doubled', async () => {
    await sleep(5_000)
    await crash(5_000)
    await sleep(4_000)
    const rows = await eventually(
      () => jobs('tick'),
      (all) => all.length >= 7 && all.every(({ state }) => state === 'completed'),
      20_000,
    )
    const slots = rows.map(({ schedule }) => schedule?.slot ?? 0).sort((a, b) => a - b)
    const gaps = new Set(slots.slice(1).map((slot, index) => slot - (slots[index] ?? 0)))
    expect(slots.length).toBeGreaterThanOrEqual(7)
    expect([...gaps]).toEqual([2_000])
    console.log(`schedule: ${slots.length} slots through a kill -9, gaps ${[...gaps].join(', ')} ms`)
  })
})

describe('a rate limit of twenty a second', () => {
  test('is never exceeded and not wasted under three thousand jobs, through a kill -9', async () => {
    const ids = await enqueue('limited', 3_000)
    expect(ids.length).toBe(3_000)
    await sleep(6_000)
    const before = started(await jobs('limited')).length
    await crash(1_000)
    await sleep(6_000)
    const times = started(await jobs('limited'))
    const most = times.map((from) => times.filter((at) => at >= from && at < from + 1_000).length)
    expect(Math.max(...most)).toBeLessThanOrEqual(20)
    // Six seconds let through at least five windows.
    expect(before).toBeGreaterThanOrEqual(100)
    expect(times.length - before).toBeGreaterThanOrEqual(80)
    console.log(`limit: ${times.length} starts, at most ${Math.max(...most)} in any second`)
  })

  test('and the waiting jobs are cancelled by one call', async () => {
    const begun = (await (await server.fetch('/cancel/limited', { method: 'POST' })).json()) as { id: string }
    const progress = async () =>
      (await (await server.fetch(`/bulk/${begun.id}`)).json()) as { state: string; changed: number }
    const done = await eventually(progress, ({ state }) => state === 'done', 60_000)
    expect(done.state).toBe('done')
    const { completed = 0, cancelled = 0 } = await ended('limited', 30_000)
    expect(completed + cancelled).toBe(3_000)
    // Running jobs were told to stop, and may have completed all the same.
    expect(cancelled).toBeLessThanOrEqual(done.changed)
    expect(cancelled).toBeGreaterThan(2_000)
  })
})

describe('order', () => {
  test('a late urgent job overtakes hundreds that wait', async () => {
    await enqueue('ordered', 400, { input: { ms: 20 } })
    const [urgent] = await enqueue('ordered', 1, { priority: 10 })
    await ended('ordered', 100_000)
    const rows = await jobs('ordered')
    const mine = rows.find(({ id }) => id === urgent)?.startedAt ?? Number.POSITIVE_INFINITY
    const overtaken = rows.filter(({ startedAt = 0 }) => startedAt > mine).length
    expect(rows.every(({ state }) => state === 'completed')).toBe(true)
    expect(overtaken).toBeGreaterThan(300)
    console.log(`priority: the urgent job overtook ${overtaken} of 400`)
  })

  test("ten jobs of one tenant do not wait for another's hundreds", async () => {
    await enqueue('shared', 400, { input: { ms: 20, tenant: 'large' } })
    await enqueue('shared', 10, { input: { ms: 20, tenant: 'small' } })
    await ended('shared', 100_000)
    const rows = await jobs('shared')
    const [small, large] = ['small', 'large'].map((name) => started(rows.filter(({ partition }) => partition === name)))
    const last = small?.at(-1) ?? Number.POSITIVE_INFINITY
    const first = small?.[0] ?? 0
    // From its first start to its last the small tenant had every other turn.
    const between = large?.filter((at) => at > first && at < last).length ?? 0
    expect(small?.length).toBe(10)
    expect(between).toBeLessThanOrEqual(30)
    expect(large?.filter((at) => at > last).length).toBeGreaterThan(200)
    console.log(`fairness: between the small tenant's first and last start, ${between} of the large one's`)
  })
})
