/**
 * A schedule as it is written, and its checks. slots.ts finds the times of its slots; the ledger decides what happens at one.
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

/** Of the slots that were missed while no ledger was at work: none fires, the latest does, or all do. */
export const catchUps = ['skip', 'latest', 'all'] as const
export type CatchUp = (typeof catchUps)[number]

/** While the job of an earlier slot is not final, a slot fires all the same, is skipped, or cancels that job and fires. */
export const overlaps = ['allow', 'skip', 'cancel'] as const
export type Overlap = (typeof overlaps)[number]

/** The shortest interval. */
export const everyMsMin = 1_000
/** The longest jitter: a day. */
export const jitterMsMax = 86_400_000
/** The characters of a cron rule. */
export const cronCharsMax = 500
/** A schedule as written. */
export interface ScheduleOptions<Input> {
  /** Up to 100 letters, digits, `.`, `_`, `:` and `-`. A schedule that is renamed is another schedule. */
  name: string
  /**
   * A cron rule of five fields, of six with seconds in front, or of seven with a year at the end. It takes `L`, `W` and `#`,
   * and names such as `@daily`. With a day of the month and a day of the week, either is enough, as in Vixie cron; with `+`
   * before the day of the week, both must hold. In place of `every`.
   */
  cron?: string
  /** The time from slot to slot: one second or longer. In place of `cron`. */
  every?: Duration
  /** The IANA time zone of a cron rule, such as `'Europe/Berlin'`. Default `'UTC'`. */
  timezone?: string
  /** The task that it enqueues jobs of. */
  task: Task<Input, unknown>
  /** The input of every job. */
  input: NoInfer<Input>
  /** Which missed slots fire later: none (`'skip'`), the latest (`'latest'`, the default), or all (`'all'`). */
  catchUp?: CatchUp
  /** What a slot does while an earlier job is not final: `'allow'`, `'skip'` (the default) or `'cancel'` that job. */
  overlap?: Overlap
  /**
   * Every job starts a fixed time after its slot: less than this, and found from the schedule's name. So many schedules with
   * the same slots do not start at once. Up to `'24h'`, and less than `every`. Default: none.
   */
  jitter?: Duration
  /** As for `enqueue`. */
  priority?: number
  /** As for `enqueue`. */
  tags?: readonly string[]
  /** As for `enqueue`. */
  expiresIn?: Duration
}

/** A checked rule. The slots of an interval count from an anchor, which the ledger keeps. */
export type ScheduleRule = { readonly cron: string; readonly timezone: string } | { readonly everyMs: number }

/** A checked schedule, as the engine's rooms use it. */
export interface ScheduleDefinition {
  readonly name: string
  readonly rule: ScheduleRule
  /** The rule and the jitter as JSON. The same rule has the same text, so another text is another rule. */
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

/** A record, so that the compiler asks for every option. */
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
 * Checks a schedule. An input whose schema is asynchronous is checked before each attempt, and not here.
 * @throws ChardError `invalid-option`, naming the option, the value it got and the value it takes; `invalid-input`,
 * `too-large`
 */
export function defineSchedule<Input>(options: ScheduleOptions<Input>): ScheduleDefinition {
  const { name, task, catchUp = 'latest', overlap = 'skip' } = options
  checkedName(name)
  const of = `of schedule ${name}`
  for (const [option, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, option)) {
      refuse(
        `${option} ${of}`,
        value,
        `nothing, because there is no such option. The options are ${Object.keys(known).join(', ')}`,
      )
    }
  }
  if (typeof task?.definition?.name !== 'string') refuse(`task ${of}`, task, 'a task that chard.task() has made')
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
    refuse(`timezone ${of}`, timezone, 'a value beside cron, and none beside every, which counts elapsed time')
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
  // The same text for a rule however it is spaced, because for another text the ledger computes the slots again.
  const cron = written.trim().replace(/\s+/g, ' ')
  try {
    new CronPattern(cron)
  } catch (error) {
    refuse(`cron ${of}`, written, `${fields}. ${(error as Error).message.replace(/^CronPattern: /, '')}`)
  }
  if (!isZone(timezone)) refuse(`timezone ${of}`, timezone, "the name of an IANA time zone, such as 'Europe/Berlin'")
  const rule = { cron, timezone }
  // From 1970 on, because there is no clock here. So a rule whose years are over is accepted, and one that never fires is not.
  if (nextSlot(rule, 0) === undefined) refuse(`cron ${of}`, written, 'a rule that fires some day; this one never does')
  return rule
}

/** Refuses offsets such as `+02:00`, which Intl takes: they do not follow the changes of a zone's clock. */
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

/** The input as JSON, validated as it will be read back. */
function checkedInput({ name, schema }: TaskDefinition, input: unknown): string {
  const text = serialised(input, name)
  const result = schema['~standard'].validate(JSON.parse(text))
  // The attempts check it. A rejection that nobody handles would end the isolate.
  if (result instanceof Promise) result.catch(() => {})
  else if (result.issues) throw inputError(name, result.issues)
  return text
}
