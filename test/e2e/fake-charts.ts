/** An hour or a day of a busy deployment, in the exact shape of the API's charts: pictures need a past. */
import type { Page } from 'playwright-core'

/** Upper ends of the histograms' buckets, as the engine has them. */
const bucketEndsMs = [10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 3_600_000]

interface Habit {
  readonly perMinute: number
  /** The buckets in which most of its times fall. */
  readonly queued: number
  readonly ran: number
  /** A share of attempts that fail, from so many minutes ago on. */
  readonly failing?: { readonly share: number; readonly sinceMinutes: number }
}

const habits: Readonly<Record<string, Habit>> = {
  'call-partner': { perMinute: 14, queued: 1, ran: 5 },
  'import-orders': { perMinute: 9, queued: 2, ran: 3, failing: { share: 0.7, sinceMinutes: 23 } },
  'send-report': { perMinute: 0.1, queued: 1, ran: 2 },
}

/** Answers the page's question for charts in place of the server. */
export async function withFakeCharts(page: Page): Promise<void> {
  await page.route('**/api/charts?*', (route) => {
    const span = new URL(route.request().url()).searchParams.get('span') === 'day' ? 'day' : 'hour'
    return route.fulfill({ json: fakeCharts(span, Date.now()) })
  })
}

function fakeCharts(span: 'hour' | 'day', now: number) {
  const stepSeconds = span === 'hour' ? 60 : 900
  const steps = span === 'hour' ? 60 : 96
  const to = Math.ceil(now / 1_000 / stepSeconds) * stepSeconds
  return {
    span,
    stepSeconds,
    from: new Date((to - steps * stepSeconds) * 1_000).toISOString(),
    to: new Date(to * 1_000).toISOString(),
    missing: [],
    bucketEndsMs,
    tasks: Object.fromEntries(Object.entries(habits).map(([task, habit]) => [task, chart(habit, steps, stepSeconds)])),
  }
}

function chart({ perMinute, queued, ran, failing }: Habit, steps: number, stepSeconds: number) {
  const minutes = stepSeconds / 60
  const each = Array.from({ length: steps }, (_, step) => {
    // A wave, and something that looks like chance and is the same in every run.
    const wave = 1 + 0.5 * Math.sin(step / 9) + 0.35 * Math.sin(step * 12.9898)
    const enqueued = Math.round(perMinute * minutes * wave)
    const isFailing = failing && (steps - step) * minutes <= failing.sinceMinutes
    const failed = isFailing ? Math.round(enqueued * failing.share) : 0
    return { enqueued, failed, completed: enqueued - failed, late: Math.round(1.5 + 1.5 * Math.sin(step / 7)) }
  })
  const histogram = (ended: number, bucket: number) => {
    const buckets = new Array<number>(bucketEndsMs.length + 1).fill(0)
    const tail = Math.round(ended * 0.12)
    buckets[bucket] = Math.round(ended * 0.6)
    buckets[bucket + 1] = ended - tail - (buckets[bucket] ?? 0)
    buckets[bucket + 2] = tail
    return buckets
  }
  return {
    enqueued: each.map(({ enqueued }) => enqueued),
    completed: each.map(({ completed }) => completed),
    failed: each.map(({ failed }) => failed),
    expired: each.map(() => 0),
    queueMs: each.map(({ enqueued, late }) => histogram(enqueued, queued + late)),
    runMs: each.map(({ enqueued }) => histogram(enqueued, ran)),
  }
}
