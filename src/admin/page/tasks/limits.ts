/** Limits in words, and in the fields in which they are edited. Pure. */
import type { FlowLimits, Limits, Rate } from '../api/wire.ts'
import { duration } from '../health/time.ts'

/** `20 per 1 s`, `10 at a time`, `per partition 2 at a time`. */
export function limitWords(limits: Limits): string[] {
  return [...flowWords(limits), ...flowWords(limits.perPartition ?? {}).map((words) => `per partition ${words}`)]
}

function flowWords({ rateLimit, concurrency }: FlowLimits): string[] {
  return [
    ...(rateLimit ? [`${rateLimit.limit} per ${perWords(rateLimit.per)}`] : []),
    ...(concurrency !== undefined ? [`${concurrency} at a time`] : []),
  ]
}

export function perWords(per: Rate['per']): string {
  return typeof per === 'number' ? duration(per) : per
}

/** One number of a limit that can be edited. */
export interface LimitField {
  readonly name: 'limit' | 'per' | 'concurrency'
  readonly where: 'task' | 'partition'
  readonly label: string
  readonly value: string
}

/** The fields for the limits that the code declares, with the values that hold now. Other kinds cannot be set. */
export function limitFields({ code, now }: { code: Limits; now: Limits }): LimitField[] {
  const of = (where: LimitField['where'], declared: FlowLimits = {}, held: FlowLimits = {}): LimitField[] => {
    const whose = where === 'task' ? '' : ', each partition'
    const rate = held.rateLimit ?? declared.rateLimit
    return [
      ...(declared.rateLimit && rate
        ? [
            { name: 'limit', where, label: `Starts${whose}`, value: String(rate.limit) } as const,
            { name: 'per', where, label: `Per${whose}`, value: writtenPer(rate.per) } as const,
          ]
        : []),
      ...(declared.concurrency !== undefined
        ? [
            {
              name: 'concurrency',
              where,
              label: `At a time${whose}`,
              value: String(held.concurrency ?? declared.concurrency),
            } as const,
          ]
        : []),
    ]
  }
  return [...of('task', code, now), ...of('partition', code.perPartition, now.perPartition)]
}

/** The limits as the API takes them. */
export function limitsOf(fields: readonly LimitField[]): Limits {
  const of = (where: LimitField['where']): FlowLimits | undefined => {
    const value = (name: LimitField['name']) =>
      fields.find((one) => one.where === where && one.name === name)?.value.trim()
    const [limit, per, concurrency] = [value('limit'), value('per'), value('concurrency')]
    if (limit === undefined && concurrency === undefined) return undefined
    return {
      ...(limit !== undefined && per !== undefined && { rateLimit: { limit: Number(limit), per } }),
      ...(concurrency !== undefined && { concurrency: Number(concurrency) }),
    }
  }
  const perPartition = of('partition')
  return { ...of('task'), ...(perPartition && { perPartition }) }
}

/** A duration as a person writes it: `60000` is `1m`. */
function writtenPer(per: Rate['per']): string {
  if (typeof per === 'string') return per
  const unit = (
    [
      ['d', 86_400_000],
      ['h', 3_600_000],
      ['m', 60_000],
      ['s', 1_000],
    ] as const
  ).find(([, ms]) => per % ms === 0)
  return unit ? `${per / unit[1]}${unit[0]}` : `${per}ms`
}
