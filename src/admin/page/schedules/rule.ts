/** The rule of a schedule in words where that is certain, and otherwise as it was written. Pure. */
import type { ScheduleView } from '../api/wire.ts'
import { duration } from '../health/time.ts'

export function ruleWords(rule: ScheduleView['rule']): string {
  if (!rule) return 'not known'
  if ('everyMs' in rule) return `every ${duration(rule.everyMs)}`
  return `${cronWords(rule.cron) ?? rule.cron} · ${rule.timezone}`
}

/** Only plain rules, which most are: a wrong translation would be worse than none. */
function cronWords(cron: string): string | undefined {
  const fields = cron.trim().split(/\s+/)
  if (fields.length !== 5) return undefined
  const [minute = '', hour = '', day, month, weekday] = fields
  const isNumber = (text: string) => /^\d{1,2}$/.test(text)
  if (day !== '*' || month !== '*' || weekday !== '*' || !isNumber(minute)) return undefined
  if (hour === '*') return `every hour at minute ${Number(minute)}`
  if (!isNumber(hour)) return undefined
  return `every day at ${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`
}
