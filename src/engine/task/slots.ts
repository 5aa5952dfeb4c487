/**
 * The times of a schedule's slots. It knows no ledger and no clock: `now` is an argument. croner parses rules and knows time
 * zones. What a change of the clocks does to a rule is decided here, because croner's own way loses slots.
 *
 * What always holds:
 * - Slots are strictly increasing instants, the same from wherever they are looked for. Those of a cron rule are whole seconds.
 * - A rule that leaves out some hour of the day fires when its zone's clock first shows or passes a time it names. A time
 *   that clocks going forward leave out fires once, the moment they have gone forward, as with Vixie cron; several such
 *   times are one slot. A time that clocks going back show twice fires once, the first time.
 * - A rule of every hour fires whenever the clock shows a time it names: in both passes of a repeated hour, and in none
 *   that is left out, because the hours on both sides of it are neighbours. Where the clock goes forward by part of
 *   an hour (Lord Howe Island) they are not, and a left-out time fires as above.
 * - Intervals count elapsed time and know no zone.
 * - Work is bounded: nothing walks through the slots of a downtime, and no answer walks through the calendar's days.
 *
 * Of a zone it takes for granted that its clocks change at most once in six days; none has done so since 1970, nor plans to.
 */
import { Cron, CronDate, CronPattern } from 'croner'
import { atMax } from './bounds.ts'

/** A cron rule in an IANA zone; or an interval, whose slots are `anchor + n * everyMs` for n from 1. */
export type SlotRule =
  | { readonly cron: string; readonly timezone: string }
  | { readonly everyMs: number; readonly anchor: number }

/** The slots that are due, of which there may be many. */
export interface DueSlots {
  /** The newest ones, ascending. */
  readonly slots: readonly number[]
  /** How many are due before those: exact for an interval, counted up to `earlierMax` for a cron rule. */
  readonly earlier: number
  /** The first slot after now; undefined when there is none any more. */
  readonly next: number | undefined
}

/** Further due slots of a cron rule are not counted: each takes some microseconds. */
export const earlierMax = 1_000

/** The first slot after `after`; undefined when there is none any more. */
export function nextSlot(rule: SlotRule, after: number): number | undefined {
  const slot = 'cron' in rule ? timeline(rule.cron, rule.timezone).next(after) : nextOfInterval(rule, after)
  return slot !== undefined && slot <= atMax ? slot : undefined
}

/** The first `count` slots after `after`, or as many as there are. */
export function upcomingSlots(rule: SlotRule, after: number, count: number): number[] {
  const slots: number[] = []
  for (let slot = nextSlot(rule, after); slot !== undefined && slots.length < count; slot = nextSlot(rule, slot)) {
    slots.push(slot)
  }
  return slots
}

/**
 * The newest `max` slots that are due.
 *
 * @param from the first slot not yet dealt with: due slots are those from here to `now`, both included
 */
export function dueSlots(rule: SlotRule, from: number, now: number, max: number): DueSlots {
  const next = nextSlot(rule, now)
  if (!('cron' in rule)) return { ...dueOfInterval(rule, from, now, max), next }
  const line = timeline(rule.cron, rule.timezone)
  const slots: number[] = []
  let earlier = 0
  for (let slot = line.last(now); slot !== undefined && slot >= from; slot = line.last(slot - 1)) {
    if (slots.length < max) slots.push(slot)
    else if (earlier < earlierMax) earlier++
    else break
  }
  return { slots: slots.reverse(), earlier, next }
}

type Interval = Extract<SlotRule, { everyMs: number }>

function nextOfInterval({ everyMs, anchor }: Interval, after: number): number {
  return anchor + Math.max(1, Math.floor((after - anchor) / everyMs) + 1) * everyMs
}

function dueOfInterval({ everyMs, anchor }: Interval, from: number, now: number, max: number): Omit<DueSlots, 'next'> {
  const first = Math.max(1, Math.ceil((from - anchor) / everyMs))
  const due = Math.max(0, Math.floor((now - anchor) / everyMs) - first + 1)
  const taken = Math.min(due, max)
  const slots = Array.from({ length: taken }, (_, n) => anchor + (first + due - taken + n) * everyMs)
  return { slots, earlier: due - taken }
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** No zone's offsets lie further apart: they go from -12 to +14 hours. */
const reachMs = 26 * hourMs

/** How a zone's clock goes in the days around an instant: `before` ahead of UTC up to `change`, `after` from then on. */
interface Clock {
  readonly from: number
  readonly until: number
  /** `until`, when it does not change. */
  readonly change: number
  readonly before: number
  readonly after: number
}

/** A cron rule's slots, forwards and backwards. A wall time is what the zone's clock shows, written as if it were UTC. */
class Timeline {
  /** In UTC, where wall times are instants and no clock ever changes. */
  readonly #cron: Cron
  readonly #everyHour: boolean
  readonly #timezone: string
  #clock: Clock | undefined

  constructor(cron: string, timezone: string) {
    // `Cron` would take a date for a rule that fires once.
    this.#everyHour = new CronPattern(cron).hour.every(Boolean)
    this.#cron = new Cron(cron, { utcOffset: 0 })
    this.#timezone = timezone
  }

  /** The first slot after `instant`. */
  next(instant: number): number | undefined {
    for (let t = instant; ; ) {
      const clock = this.#clockAround(t)
      if (t < clock.change) {
        const slot = this.#wallAfter(t + clock.before) - clock.before
        if (slot < clock.change) return slot
        if (this.#makesUp(clock)) return clock.change
      }
      const slot = this.#wallAfter(Math.max(t + clock.after, this.#resumes(clock) - 1)) - clock.after
      if (slot < clock.until) return slot
      if (slot === Number.POSITIVE_INFINITY) return undefined
      t = slot - reachMs
    }
  }

  /** The last slot at or before `instant`. */
  last(instant: number): number | undefined {
    for (let t = instant; ; ) {
      const clock = this.#clockAround(t)
      if (t >= clock.change) {
        const wall = this.#wallBefore(t + clock.after + 1)
        if (wall >= this.#resumes(clock)) return wall - clock.after
        if (this.#makesUp(clock)) return clock.change
      }
      const slot = this.#wallBefore(Math.min(t, clock.change - 1) + clock.before + 1) - clock.before
      // Earlier ones may repeat what the clock showed before `from`.
      if (slot >= clock.from + reachMs) return slot
      if (slot === Number.NEGATIVE_INFINITY) return undefined
      t = slot + reachMs
    }
  }

  /** The wall time from which the changed clock counts. */
  #resumes({ change, before, after }: Clock): number {
    return change + (this.#everyHour ? after : Math.max(before, after))
  }

  /** True when the change itself is a slot, for times that it leaves out. */
  #makesUp({ change, before, after }: Clock): boolean {
    if (after <= before || (this.#everyHour && (after - before) % hourMs === 0)) return false
    return this.#wallAfter(change + before - 1) < change + after
  }

  #wallAfter(wall: number): number {
    return this.#cron.nextRun(new Date(wall))?.getTime() ?? Number.POSITIVE_INFINITY
  }

  #wallBefore(wall: number): number {
    return this.#cron.previousRuns(1, new Date(wall))[0]?.getTime() ?? Number.NEGATIVE_INFINITY
  }

  /** Of whole days, so that neighbours in time share one. */
  #clockAround(instant: number): Clock {
    const day = Math.floor(instant / dayMs) * dayMs
    const from = day - 3 * dayMs
    if (this.#clock?.from !== from) this.#clock = clockBetween(this.#timezone, from, day + 3 * dayMs)
    return this.#clock
  }
}

function clockBetween(timezone: string, from: number, until: number): Clock {
  const before = offsetMs(timezone, from)
  const after = offsetMs(timezone, until)
  if (before === after) return { from, until, change: until, before, after }
  let [last, change] = [from, until]
  while (change - last > 1_000) {
    const middle = last + Math.floor((change - last) / 2_000) * 1_000
    if (offsetMs(timezone, middle) === before) last = middle
    else change = middle
  }
  return { from, until, change, before, after }
}

/** How far the zone's clock is ahead of UTC at an instant of whole seconds. */
function offsetMs(timezone: string, instant: number): number {
  if (timezone === 'UTC') return 0
  const { year, month, day, hour, minute, second } = new CronDate(new Date(instant), timezone)
  return Date.UTC(year, month, day, hour, minute, second) - instant
}

/** Parsing costs more than looking, and a parsed rule keeps some 100 KB. */
const timelinesMax = 64
const timelines = new Map<string, Timeline>()

function timeline(cron: string, timezone: string): Timeline {
  const key = `${timezone} ${cron}`
  const known = timelines.get(key)
  if (known) return known
  const made = new Timeline(cron, timezone)
  const oldest = timelines.keys().next().value
  if (oldest !== undefined && timelines.size >= timelinesMax) timelines.delete(oldest)
  timelines.set(key, made)
  return made
}
