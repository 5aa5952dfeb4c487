/** The closing report: the figures, and for a seed that failed the smallest plan that still fails, with its last lines. */
import type { Figures } from './figures.ts'
import { planOf } from './plan.ts'
import { run } from './run.ts'
import { shrunk } from './shrink.ts'

const say = (text: string) => process.stdout.write(`${text}\n`)

export async function tell({ seeds, steps, seconds, violations, effects }: Figures): Promise<void> {
  for (const name of Object.keys(effects).sort())
    say(`  ${name.padEnd(32)} ${(effects[name] ?? 0).toLocaleString('en')}`)
  say(
    `${seeds} seeds, ${steps.toLocaleString('en')} steps in ${seconds.toFixed(1)} s: ${Math.round(steps / seconds).toLocaleString('en')} steps/s`,
  )
  if (violations.length === 0) say('every promise held')
  for (const { seed, invariant, message } of violations) say(`VIOLATION seed ${seed} ${invariant}: ${message}`)
  const [first] = violations
  if (first) await tellSeed(first.seed)
}

/** Runs one seed twice and reports. Resolves with true when every promise held and both histories are the same. */
export async function tellSeed(seed: number): Promise<boolean> {
  const plan = planOf(seed)
  const [once, again] = [await run(plan), await run(plan)]
  if (once.trace !== again.trace || once.steps !== again.steps) {
    say(
      `seed ${seed} is not one history: ${once.trace} after ${once.steps} steps, then ${again.trace} after ${again.steps}`,
    )
    return false
  }
  if (!once.violation) {
    say(`seed ${seed} holds: ${once.steps} steps, trace ${once.trace.toString(16)}`)
    return true
  }
  const { plan: small, run: smallest } = await shrunk(plan, once.violation.invariant)
  say(`seed ${seed} breaks ${once.violation.invariant}: ${once.violation.message}`)
  say(`shrunk, it breaks as ${smallest.violation?.invariant}: ${smallest.violation?.message}`)
  const { faults, jobs, ...rest } = small
  const on = Object.fromEntries(Object.entries(faults).filter(([, strength]) => strength !== 0))
  say(JSON.stringify({ ...rest, faults: on }))
  for (const job of jobs) say(`  ${JSON.stringify(job)}`)
  for (const line of smallest.lines) say(`  ${line}`)
  say(`replay: npm run sim -- --seed ${seed}`)
  say('SIM_LINES=400 shows more of the end; SIM_STACKS=10 shows where errors were thrown, and may change the history')
  return false
}
