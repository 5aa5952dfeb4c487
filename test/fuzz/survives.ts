/** The test itself: a number of bad requests, none of which may answer with a 5xx. */
import { expect } from 'vitest'
import { Chance } from '../../src/testing/chance.ts'
import { type BadRequest, badRequests, type Described } from './bad-requests.ts'

/** `VITE_FUZZ_SEED` in the environment replays a run. */
export function fuzzSeed(): number {
  const given = (import.meta as { env?: Record<string, string | undefined> }).env?.['VITE_FUZZ_SEED']
  return given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given)
}

/** The order in which requests are made is the seed's, and the order of their answers nobody's. */
const atOnce = 10

export async function survives(
  document: Described,
  count: number,
  known: Readonly<Record<string, readonly string[]>>,
  send: (path: string, init: RequestInit) => Response | Promise<Response>,
): Promise<Map<number, number>> {
  const seed = fuzzSeed()
  const chance = new Chance(seed)
  const next = badRequests(document, () => chance.random(), known)
  const statuses = new Map<number, number>()
  const failed: string[] = []
  const one = async ({ shown, path, init }: BadRequest) => {
    const { status, body } = await send(path, init)
    if (status >= 500) failed.push(`${status} ${shown}`)
    await body?.cancel()
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  }
  for (let left = count; left > 0; left -= atOnce) await Promise.all(Array.from({ length: atOnce }, () => one(next())))
  console.info(`${count} bad requests with seed ${seed}:`, Object.fromEntries(statuses))
  expect(failed.slice(0, 10), `seed ${seed}: replay with VITE_FUZZ_SEED=${seed}`).toEqual([])
  return statuses
}
