/** Times and numbers as people read them. Pure: now is an argument. */

const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** `340 ms`, `2.4 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`: at most two units. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '–'
  const rounded = Math.max(0, ms)
  if (rounded < 999.5) return `${Math.round(rounded)} ms`
  if (rounded < 9_950) return `${Number((rounded / secondMs).toFixed(1))} s`
  if (rounded < 59_500) return `${Math.round(rounded / secondMs)} s`
  // Rounded to the smaller unit first, so that 59.9 s become the next minute.
  const [unit, small, unitMs, smallMs] =
    rounded < hourMs - 500
      ? ['min', 's', minuteMs, secondMs]
      : rounded < dayMs - minuteMs / 2
        ? ['h', 'min', hourMs, minuteMs]
        : (['d', 'h', dayMs, hourMs] as const)
  const smalls = Math.round(rounded / Number(smallMs))
  const perUnit = Number(unitMs) / Number(smallMs)
  const rest = smalls % perUnit
  return `${Math.floor(smalls / perUnit)} ${unit}${rest > 0 ? ` ${rest} ${small}` : ''}`
}

/** One unit, for times that are kept up to date: `now`, `12 s`, `3 min`, `2 h`, `4 d`. */
export function roughly(ms: number): string {
  const size = Math.abs(ms)
  if (size < secondMs) return 'now'
  if (size < minuteMs) return `${Math.floor(size / secondMs)} s`
  if (size < hourMs) return `${Math.floor(size / minuteMs)} min`
  if (size < dayMs) return `${Math.floor(size / hourMs)} h`
  return `${Math.floor(size / dayMs)} d`
}

/** `12 s ago`, `in 3 min`, `now`. Times in the future are rounded to the nearest unit. */
export function relative(at: number, now: number): string {
  const ahead = at - now
  if (ahead >= hourMs) return `in ${roughly(ahead + 30 * minuteMs)}`
  if (ahead >= minuteMs) return `in ${roughly(ahead + 30 * secondMs)}`
  const text = roughly(ahead)
  if (text === 'now') return text
  return ahead > 0 ? `in ${text}` : `${text} ago`
}

/** `14:05` of today, `Mon 14:05` of this week, `3 Nov, 14:05` before that. In the reader's time zone. */
export function clock(at: number, now: number, withSeconds = false): string {
  const date = new Date(at)
  const time = `${two(date.getHours())}:${two(date.getMinutes())}${withSeconds ? `:${two(date.getSeconds())}` : ''}`
  if (date.toDateString() === new Date(now).toDateString()) return time
  if (Math.abs(now - at) < 6 * dayMs) return `${weekdays[date.getDay()]} ${time}`
  const year = date.getFullYear() === new Date(now).getFullYear() ? '' : ` ${date.getFullYear()}`
  return `${date.getDate()} ${months[date.getMonth()]}${year}, ${time}`
}

/** `24 Nov 2026, 14:05:09.123`: the exact time, for a tooltip. */
export function exactly(at: number): string {
  const date = new Date(at)
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  const thousandths = String(date.getMilliseconds()).padStart(3, '0')
  return `${date.getDate()} ${months[date.getMonth()]} ${date.getFullYear()}, ${time}.${thousandths}`
}

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** `1,204`: with thousands separated in the same way for every reader, so that columns line up. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ',')
}

/** A rate with the figures that matter: `0.4`, `12`, `1,204`. */
export function rate(value: number): string {
  return value > 0 && value < 9.95 ? String(Number(value.toFixed(1))) : count(value)
}

export function bytes(value: number): string {
  if (value < 1_024) return `${value} B`
  if (value < 1_024 ** 2) return `${Math.round(value / 1_024)} KiB`
  if (value < 1_024 ** 3) return `${(value / 1_024 ** 2).toFixed(1)} MiB`
  return `${(value / 1_024 ** 3).toFixed(1)} GiB`
}

/** `1 job`, `3 jobs`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}
