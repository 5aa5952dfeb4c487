/**
 * A schedule: a definition in code, checked where it is written. When its slots are is in slots.ts; what happens at a slot
 * is the ledger's.
 */
import { CronPattern } from 'croner'
import { type Duration, durationMs } from './duration.ts'
import { checkedEnqueueOptions } from './enqueue-options.ts'
import { fnv1a } from './fnv1a.ts'
import { checkedName } from './names.ts'
import { refuse } from './refuse.ts'
import { inputError, serialised } from './schema.ts'
import { nextSlot } from './slots.ts'
import type { Task, TaskDefinition } from './task.ts'

/** What becomes of slots that nobody was there to fire: none of them fires, the newest does, or all do. */
export const catchUps = ['skip', 'latest', 'all'] as const
export type CatchUp = (typeof catchUps)[number]

/** What a slot does while the job of an earlier one is not final: fires beside it, is skipped, or cancels it and fires. */
export const overlaps = ['allow', 'skip', 'cancel'] as const
export type Overlap = (typeof overlaps)[number]

/** A shorter interval is a loop, not a schedule. */
export const everyMsMin = 1_000
/** A longer jitter is another schedule. */
export const jitterMsMax = 86_400_000
/** The characters of a cron rule. */
export const cronCharsMax = 500
/** A schedule as written. */
export interface ScheduleOptions<Input> {
  /** What it is recorded under. Letters, digits, `.`, `_`, `:` and `-`. Renaming it makes another schedule. */
  name: string
  /**
   * Five fields, or six with seconds in front, or seven with a year behind; `L`, `W` and `#`, and names such as `@daily`.
   * A day of the month and one of the week are either-or, as in Vixie cron; `+` before the latter asks for both.
   */
  cron?: string
  /** The time from slot to slot, from one second. In place of `cron`. */
  every?: Duration
  /** The IANA zone whose clock a cron rule reads. Default `'UTC'`. */
  timezone?: string
  task: Task<Input, unknown>
  /** The input of every job, fixed here. */
  input: NoInfer<Input>
  /** Default `'latest'`. */
  catchUp?: CatchUp
  /** Default `'skip'`. */
  overlap?: Overlap
  /** Moves the schedule's jobs by a fixed part of this, found from its name, so that many schedules of one time do not start at once. */
  jitter?: Duration
  /** As for `enqueue`. */
  priority?: number
  /** As for `enqueue`. */
  tags?: readonly string[]
  /** As for `enqueue`. */
  expiresIn?: Duration
}

/** A checked rule. An interval's slots count from an anchor, which is the ledger's to know. */
export type ScheduleRule = { readonly cron: string; readonly timezone: string } | { readonly everyMs: number }

/** A checked schedule, as the engine's rooms use it. */
export interface ScheduleDefinition {
  readonly name: string
  readonly rule: ScheduleRule
  /** The rule and the jitter as JSON, always written the same: another text is another rule. */
  readonly ruleText: string
  readonly task: TaskDefinition
  /** JSON. */
  readonly input: string
  readonly catchUp: CatchUp
  readonly overlap: Overlap
  readonly jitterMs: number
  readonly priority: number
  readonly tags: readonly string[]
  readonly expiresInMs: number | undefined
}

/** A record, so that the compiler asks for every option there is. */
const known: Record<keyof ScheduleOptions<unknown>, true> = {
  name: true,
  cron: true,
  every: true,
  timezone: true,
  task: true,
  input: true,
  catchUp: true,
  overlap: true,
  jitter: true,
  priority: true,
  tags: true,
  expiresIn: true,
}

/**
 * Checks a schedule.
 * @throws ChardError `invalid-option`, naming the option, the value it got and the value it takes; `invalid-input`,
 * `too-large`. An input whose schema answers later is checked before each attempt only.
 */
export function defineSchedule<Input>(options: ScheduleOptions<Input>): ScheduleDefinition {
  const { name, task, catchUp = 'latest', overlap = 'skip' } = options
  checkedName(name)
  const of = `of schedule ${name}`
  for (const [option, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, option)) {
      refuse(`${option} ${of}`, value, `nothing: it is no option. There are ${Object.keys(known).join(', ')}`)
    }
  }
  if (typeof task?.definition?.name !== 'string') refuse(`task ${of}`, task, 'a task, as chard.task() makes it')
  if (!catchUps.includes(catchUp)) refuse(`catchUp ${of}`, catchUp, "'skip', 'latest' or 'all'")
  if (!overlaps.includes(overlap)) refuse(`overlap ${of}`, overlap, "'allow', 'skip' or 'cancel'")
  const rule = checkedRule(options, of)
  const jitterMs = checkedJitter(options.jitter, rule, of)
  const { priority, tags, expiresInMs } = checkedEnqueueOptions({
    ...(options.priority !== undefined && { priority: options.priority }),
    ...(options.tags !== undefined && { tags: options.tags }),
    ...(options.expiresIn !== undefined && { expiresIn: options.expiresIn }),
  })
  return {
    name,
    rule,
    ruleText: JSON.stringify({ ...rule, jitterMs }),
    task: task.definition,
    input: checkedInput(task.definition, options.input),
    catchUp,
    overlap,
    jitterMs,
    priority,
    tags,
    expiresInMs,
  }
}

/**
 * By how much a schedule's jobs start after their slots: at least 0, less than `jitterMs`. It is the same for a name for
 * ever, so that the time from job to job stays the time from slot to slot.
 */
export function jitterOffsetMs(name: string, jitterMs: number): number {
  return jitterMs === 0 ? 0 : fnv1a(name) % jitterMs
}

type Written = Pick<ScheduleOptions<unknown>, 'cron' | 'every' | 'timezone'>

function checkedRule({ cron, every, timezone }: Written, of: string): ScheduleRule {
  if (every === undefined) return checkedCron(cron, timezone === undefined ? 'UTC' : timezone, of)
  if (cron !== undefined) refuse(`every ${of}`, every, 'a duration, when cron is left out')
  if (timezone !== undefined) {
    refuse(
      `timezone ${of}`,
      timezone,
      'a time zone beside cron alone: every counts elapsed time, which is the same everywhere',
    )
  }
  const everyMs = durationMs(every, `every ${of}`)
  if (everyMs < everyMsMin) refuse(`every ${of}`, every, "'1s' or longer")
  return { everyMs }
}

function checkedCron(written: unknown, timezone: unknown, of: string): ScheduleRule {
  const fields = "five fields such as '30 9 * * 1-5', or six, the first of them seconds"
  if (written === undefined) refuse(`cron ${of}`, written, `${fields}, when every is left out`)
  if (typeof written !== 'string' || written.length > cronCharsMax) {
    refuse(`cron ${of}`, written, `${fields}, in up to ${cronCharsMax} characters`)
  }
  // One text for a rule however it is spaced: another text makes the ledger look for its slots anew.
  const cron = written.trim().replace(/\s+/g, ' ')
  try {
    new CronPattern(cron)
  } catch (error) {
    refuse(`cron ${of}`, written, `${fields}. ${(error as Error).message.replace(/^CronPattern: /, '')}`)
  }
  if (!isZone(timezone)) refuse(`timezone ${of}`, timezone, "the name of an IANA time zone, such as 'Europe/Berlin'")
  const rule = { cron, timezone }
  // From the beginning of time, for there is no clock here: a rule whose years are over is told from one that never fires.
  if (nextSlot(rule, 0) === undefined) refuse(`cron ${of}`, written, 'a rule that fires some day; this one never does')
  return rule
}

/** Offsets such as `+02:00` are refused, though Intl takes them: they are not what a clock on a wall shows all year. */
function isZone(timezone: unknown): timezone is string {
  if (typeof timezone !== 'string' || !/^[A-Za-z]/.test(timezone)) return false
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: timezone }))
  } catch {
    return false
  }
}

function checkedJitter(jitter: Duration | undefined, rule: ScheduleRule, of: string): number {
  if (jitter === undefined) return 0
  const ms = durationMs(jitter, `jitter ${of}`)
  if (ms > jitterMsMax) refuse(`jitter ${of}`, jitter, "up to '24h'")
  if ('everyMs' in rule && ms >= rule.everyMs)
    refuse(`jitter ${of}`, jitter, `less than its interval of ${rule.everyMs} ms`)
  return ms
}

/** As it is validated at a call: after its way through JSON, so that what is checked is what the attempts will get. */
function checkedInput({ name, schema }: TaskDefinition, input: unknown): string {
  const text = serialised(input, name)
  const result = schema['~standard'].validate(JSON.parse(text))
  // Left to the attempts, and a refusal that nobody waits for must not end the isolate.
  if (result instanceof Promise) result.catch(() => {})
  else if (result.issues) throw inputError(name, result.issues)
  return text
}
