/** Makes a failing plan smaller, with fewer jobs, fewer faults and a simpler world, while it breaks the same promise. */
import type { Faults } from './faults.ts'
import type { Plan } from './plan.ts'
import { type Run, run } from './run.ts'

/** How many runs shrinking may take. */
const runsMax = 300

export async function shrunk(plan: Plan, invariant: string): Promise<{ plan: Plan; run: Run }> {
  let best = { plan, run: await run(plan) }
  let runs = 0
  const attempt = async (smaller: Plan): Promise<boolean> => {
    if (++runs > runsMax) return false
    const found = await run(smaller)
    if (found.violation?.invariant !== invariant) return false
    best = { plan: smaller, run: found }
    return true
  }
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false
    for (const fault of Object.keys(plan.faults) as (keyof Faults)[]) {
      if (best.plan.faults[fault] === 0) continue
      if (await attempt({ ...best.plan, faults: { ...best.plan.faults, [fault]: 0 } })) isSmaller = true
    }
    for (let size = Math.ceil(best.plan.jobs.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let from = 0; from < best.plan.jobs.length; ) {
        const jobs = best.plan.jobs.filter((_, index) => index < from || index >= from + size)
        if (await attempt({ ...best.plan, jobs })) isSmaller = true
        else from += size
      }
    }
    for (const plainer of [{ sizes: {} }, { hibernates: false }, { directStart: false }, { bytesFactor: 1 }] as const) {
      const [name] = Object.keys(plainer) as (keyof Plan)[]
      if (name && JSON.stringify(best.plan[name]) !== JSON.stringify(plainer[name as never]))
        if (await attempt({ ...best.plan, ...plainer })) isSmaller = true
    }
    if (best.plan.stormMs > 10_000 && (await attempt({ ...best.plan, stormMs: Math.floor(best.plan.stormMs / 2) })))
      isSmaller = true
    if (runs > runsMax) break
  }
  return best
}
