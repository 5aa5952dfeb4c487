/** What a scraper and the charts get from a real server, read by Prometheus' own parser; and that no counter ever falls. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { OpenMetrics } from '../../src/admin/open-metrics.ts'
import { follow, type JobView } from './client.ts'
import { DevServer, temporaryFolder } from './dev-server.ts'
import { type Family, parsed } from './prometheus.ts'

const store = await temporaryFolder()
let server: DevServer

beforeAll(async () => {
  server = await DevServer.start('npm run dev', store.path)
})
afterAll(async () => {
  await server?.stop()
  await store[Symbol.asyncDispose]()
})

async function scrape(): Promise<Family[]> {
  const answer = await server.fetch('/admin/metrics')
  expect([answer.status, answer.headers.get('Content-Type')]).toEqual([
    200,
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
  ])
  return parsed(await answer.text())
}

async function digest(): Promise<JobView> {
  const body = JSON.stringify({ task: 'send-digest', input: {} })
  const answer = await server.fetch('/admin/api/jobs', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body,
  })
  const { id } = (await answer.json()) as JobView
  return follow(server, `/jobs/${id}`)
}

/** Every sample that must never fall, by its name and labels. */
function counted(families: readonly Family[]): Map<string, number> {
  const samples = families.filter(({ type }) => type !== 'gauge').flatMap((family) => family.samples)
  return new Map(samples.map(({ name, labels, value }) => [`${name} ${JSON.stringify(labels)}`, value]))
}

const valueIn = (families: readonly Family[], name: string, labels: Readonly<Record<string, string>>) =>
  families
    .flatMap(({ samples }) => samples)
    .find((one) => one.name === name && Object.entries(labels).every(([label, text]) => one.labels[label] === text))
    ?.value

const task = { task: 'send-digest' }

/** What is counted is written when its runner leaves, which may be a second after its last job. */
function countedUpTo(enqueued: number): Promise<Family[]> {
  const look = async () => {
    const families = await scrape()
    expect(valueIn(families, 'chard_enqueued_total', task)).toBe(enqueued)
    return families
  }
  return vi.waitFor(look, { timeout: 20_000, interval: 500 })
}

describe('GET /admin/metrics', () => {
  it('can be parsed before anything has happened', async () => {
    const families = await scrape()
    expect(families.map(({ name }) => name)).toContain('chard_queue_seconds')
    expect(valueIn(families, 'chard_shards_missing', {})).toBe(0)
  })

  it('counts what has happened, and forgets none of it in a crash', async () => {
    for (let n = 0; n < 3; n++) expect((await digest()).state).toBe('completed')
    const before = await countedUpTo(3)
    expect(valueIn(before, 'chard_attempts_total', { ...task, outcome: 'completed' })).toBe(3)
    expect(valueIn(before, 'chard_run_seconds_count', task)).toBe(3)
    expect(valueIn(before, 'chard_jobs', { ...task, state: 'completed' })).toBe(3)
    expect(valueIn(before, 'chard_rows_written_total', {})).toBeGreaterThan(9)

    await server.kill()
    await server.restart()
    const after = counted(await scrape())
    for (const [sample, value] of counted(before)) expect(after.get(sample), sample).toBeGreaterThanOrEqual(value)
    expect((await digest()).state).toBe('completed')
    await countedUpTo(4)
  })
})

describe('GET /admin/api/charts', () => {
  it.each([
    ['hour', 60, 60],
    ['day', 900, 96],
  ])('of an %s has its steps, and what has happened in the last of them', async (span, stepSeconds, steps) => {
    const answer = await server.fetch(`/admin/api/charts?span=${span}`)
    const charts = (await answer.json()) as {
      stepSeconds: number
      from: string
      to: string
      tasks: Record<string, { enqueued: number[]; completed: number[]; runMs: number[][] }>
    }
    expect(charts.stepSeconds).toBe(stepSeconds)
    expect((Date.parse(charts.to) - Date.parse(charts.from)) / 1_000 / stepSeconds).toBe(steps)
    const own = charts.tasks['send-digest']
    const sum = (numbers: readonly number[] = []) => numbers.reduce((a, b) => a + b, 0)
    expect([own?.enqueued.length, sum(own?.enqueued), sum(own?.completed)]).toEqual([steps, 4, 4])
    expect(sum(own?.runMs.map(sum))).toBe(4)
  })
})

it('every label is read back by the parser as it was', () => {
  const strange = ['a"b', 'c\\d', 'e\nf', '\\n', 'ü {x="1"} # EOF', '']
  const text = new OpenMetrics()
    .counter(
      'strange',
      'A help with \\, a "quote" and\na second line.',
      strange.map((name) => [{ name }, 1]),
    )
    .text()
  expect(parsed(text)[0]?.samples.map(({ labels }) => labels['name'])).toEqual(strange)
})
