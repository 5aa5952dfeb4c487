/** A batch of a task that may start 500 times a second: never more in any second, and hardly fewer. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ChardServer } from '../contenders/chard.ts'
import type { Measure, Sample } from './measure.ts'

const perSecond = 500
const batch = 100
const lookMs = 250

interface Page {
  readonly jobs: readonly { readonly startedAt: number; readonly beganAt: number }[]
  readonly cursor?: string
}

export const rateLimit: Measure = {
  name: 'rate-limit',
  title: `A batch with a rate limit of ${perSecond} a second`,
  about:
    '10,000 jobs. Starts in any sliding second, as the ledger recorded them and as the handlers saw the clock; and the ' +
    'share of what the limit allows that was used from the first start to the last',
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
      for (let done = 0; done < jobs; await sleep(lookMs)) {
        done = (await server.client.get<Record<string, number>>('/counts'))['completed'] ?? 0
      }
      return told(await starts(server))
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

function told(found: Page['jobs']): Sample {
  const startedAt = found.map((job) => job.startedAt).sort((a, b) => a - b)
  const seconds = ((startedAt.at(-1) ?? 0) - (startedAt[0] ?? 0)) / 1_000
  return {
    'most in a second': mostInASecond(startedAt),
    'most in a second, by handlers': mostInASecond(found.map((job) => job.beganAt).sort((a, b) => a - b)),
    // The first moment's share of the limit lasts for the second that begins with it.
    used: (100 * found.length) / (perSecond * (seconds + 1)),
  }
}

/** @param sorted moments, the earliest first */
function mostInASecond(sorted: readonly number[]): number {
  let most = 0
  for (let [first, last] = [0, 0]; last < sorted.length; last++) {
    while ((sorted[last] ?? 0) - (sorted[first] ?? 0) >= 1_000) first++
    most = Math.max(most, last - first + 1)
  }
  return most
}
