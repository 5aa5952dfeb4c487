/** A batch of a task limited to 500 starts per second: the limit must never be exceeded, and should be nearly used up. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ChardServer } from '../contenders/chard.ts'
import type { Measure, Sample } from './measure.ts'

const perSecond = 500
const batch = 100
const pollMs = 250

interface Page {
  readonly jobs: readonly { readonly startedAt: number; readonly beganAt: number }[]
  readonly cursor?: string
}

export const rateLimit: Measure = {
  name: 'rate-limit',
  title: `A batch with a rate limit of ${perSecond} per second`,
  about:
    '10,000 jobs. The most starts in any sliding second, by the times that the ledger recorded and by the clocks of the ' +
    'handlers; and the share of the limit that was used between the first and the last start',
  figures: {
    'most in a second': { unit: 'starts', better: 'less' },
    'most in a second, by handlers': { unit: 'starts', better: 'less' },
    used: { unit: '% of the limit', better: 'more' },
  },
  levels: [
    { figure: 'most in a second', is: 'at most', value: perSecond },
    { figure: 'used', is: 'at least', value: 98 },
  ],
  contenders: {
    Chard: async ({ quick, shards }) => {
      await using server = await ChardServer.start(shards)
      const jobs = quick ? 2_000 : 10_000
      for (let made = 0; made < jobs; made += batch) await server.client.post(`/many?task=rated&count=${batch}`)
      for (let done = 0; done < jobs; await sleep(pollMs)) {
        done = (await server.client.get<Record<string, number>>('/counts'))['completed'] ?? 0
      }
      return toSample(await starts(server))
    },
  },
}

async function starts({ client }: ChardServer): Promise<Page['jobs']> {
  const found: Page['jobs'][number][] = []
  for (let cursor = ''; ; ) {
    const page: Page = await client.get(`/starts?cursor=${cursor}`)
    found.push(...page.jobs)
    if (page.cursor === undefined) return found
    cursor = page.cursor
  }
}

function toSample(found: Page['jobs']): Sample {
  const startedAt = found.map((job) => job.startedAt).sort((a, b) => a - b)
  const seconds = ((startedAt.at(-1) ?? 0) - (startedAt[0] ?? 0)) / 1_000
  return {
    'most in a second': mostInASecond(startedAt),
    'most in a second, by handlers': mostInASecond(found.map((job) => job.beganAt).sort((a, b) => a - b)),
    // The limit is available at once at the first start, so one second's share is added to the allowance.
    used: (100 * found.length) / (perSecond * (seconds + 1)),
  }
}

/** @param sorted times in milliseconds, earliest first */
function mostInASecond(sorted: readonly number[]): number {
  let most = 0
  for (let [first, last] = [0, 0]; last < sorted.length; last++) {
    while ((sorted[last] ?? 0) - (sorted[first] ?? 0) >= 1_000) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}
