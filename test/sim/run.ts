/** One run: the storm with its requests, then calm until every job is final, then an hour in which nothing may happen. */

import { watchOf } from './checks/cause.ts'
import { Closing, controlBy } from './control.ts'
import type { RunFigures } from './figures.ts'
import { type Plan, planOf } from './plan.ts'
import { Storm } from './storm.ts'
import { World } from './world.ts'

/** Every job is final within this time after the storm and the last delay (I10). The watchdog may be late by half of it. */
const boundMs = 60 * 60_000
/** What each job adds where a limit lets one run at a time: all of its attempts, each as long as its timeout. */
const serialMsMax = 5 * 25_000
/** After this time a slow call that was made in the storm has arrived, even when its caller is dead. */
const callMsMax = 60_000
const watchdogMs = 60_000
/** Finished work costs nothing: in this time no wake-up is sent, and alarms ring only to prune. */
const quietMs = 3_600_000
const quietRingsMax = 60
/**
 * Stored errors contain their stacks, and the length of a stack depends on the paths and lines of the code. Without stacks
 * a seed has the same history on every machine, whatever is edited elsewhere.
 */
Error.stackTraceLimit = Number(process.env['SIM_STACKS'] ?? 0)
/** How many of the last lines of a failing run are shown. */
const linesMax = Number(process.env['SIM_LINES'] ?? 60)

export interface Run extends RunFigures {
  readonly lines: readonly string[]
}

export async function runSeed(seed: number): Promise<RunFigures> {
  const { lines: _, ...figures } = await run(planOf(seed))
  return figures
}

export async function run(plan: Plan): Promise<Run> {
  const world = new World(plan)
  try {
    await live(world)
  } catch (error) {
    world.claim(false, 'error', () => `the run threw ${(error as Error).stack ?? String(error)}`)
  }
  const { clock, violation, trace, minuteStat } = world
  effects(world)
  world.close()
  return {
    seed: plan.seed,
    steps: clock.rung,
    violation,
    trace: trace.hash,
    minuteStat,
    lines: trace.last(linesMax),
  }
}

async function live(world: World): Promise<void> {
  const { clock, plan, ledgers } = world
  const storm = new Storm(world)
  for (const job of plan.jobs) world.later(job.atMs, () => storm.ask(job))
  for (const one of plan.rules.controls) controlBy(world, one)
  watch(world)
  await passed(world, plan.stormMs)
  if (world.violation) return
  world.note('the storm is over')
  const stormEndedAt = clock.now
  world.calm()
  world.expects(clock.now + callMsMax)
  const closing = new Closing(world)
  // Deaths take effect now, and not when the next timer rings.
  await clock.advance(0)
  let most = 0
  const isUnfinished = () => {
    const live = ledgers.reduce((sum, ledger) => sum + watchOf(ledger).rows.live.size, 0)
    most = Math.max(most, live)
    return !closing.isDone || world.asking.size > 0 || clock.now < world.expectedUntil || live > 0
  }
  const boundAt = () => Math.max(stormEndedAt, world.expectedUntil) + boundMs + most * serialMsMax
  await until(world, boundAt, isUnfinished)
  const left = ledgers.flatMap((ledger) => [...watchOf(ledger).rows.live.values()])
  const [first] = left
  world.claim(
    !first,
    'I10',
    () =>
      `${left.length} jobs are not final ${Math.round((boundMs + most * serialMsMax) / 60_000)} min after the storm: ${first?.id} ${first?.task} ${first?.state} ${first?.attempt}/${first?.maxAttempts}, due ${first?.dueAt}`,
  )
  if (world.violation) return
  closing.check()
  for (const ledger of ledgers) watchOf(ledger).restarted(ledger)
  await quiet(world)
}

/** Moves the clock by `ms`, or until a promise is broken. */
function passed(world: World, ms: number): Promise<void> {
  const end = world.clock.now + ms
  return until(
    world,
    () => end,
    () => true,
  )
}

/** Moves the clock up to a time, while a condition holds and no promise is broken. */
async function until(world: World, at: () => number, condition: () => boolean): Promise<void> {
  const { clock } = world
  while (clock.nextAt <= at() && condition() && !world.violation) await clock.next()
}

function watch(world: World): void {
  const { clock, weather } = world
  if (!world.hasWatchdog) return
  const lateMs = weather.strikes('watchdogLate') ? weather.upTo('watchdogLate', 1_800_000) : 0
  clock.ring(
    clock.now + watchdogMs + lateMs,
    () => {
      if (world.hasWatchdog) world.watchdog()
      watch(world)
    },
    'cron',
  )
}

async function quiet(world: World): Promise<void> {
  const { queue, ledgers } = world
  world.hasWatchdog = false
  await passed(world, 60_000)
  const sent = queue.sent.length
  const rung = ledgers.reduce((sum, { alarm }) => sum + alarm.timesSet, 0)
  await passed(world, quietMs)
  const [wakeUps, rings] = [
    queue.sent.length - sent,
    ledgers.reduce((sum, { alarm }) => sum + alarm.timesSet, 0) - rung,
  ]
  world.claim(wakeUps === 0, 'I13', () => `${wakeUps} wake-ups in an hour with nothing to do`)
  const most = quietRingsMax * ledgers.length + (world.minuteStat['rows written'] ?? 0)
  world.claim(rings <= most, 'I13', () => `the alarm was set ${rings} times in an hour with nothing to do`)
}

/** Counts how often the side effect of each completed job happened. */
function effects({ ledgers, effects: made, minuteStat, weather }: World): void {
  for (const ledger of ledgers) {
    for (const { id, state, task } of watchOf(ledger).rows.all.values()) {
      if (state !== 'completed' || task.endsWith('/onFailed')) continue
      const name = `completed with ${Math.min(made.get(id) ?? 0, 4)} effects`
      minuteStat[name] = (minuteStat[name] ?? 0) + 1
    }
  }
  for (const [fault, times] of Object.entries(weather.struck)) minuteStat[`fault ${fault}`] = times
}
