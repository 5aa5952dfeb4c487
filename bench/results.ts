/** What a run has found: medians, spreads, ratios, and whether Chard is where it should be. */
import type { Level, Measure, Sample } from './measures/measure.ts'
import { type Spread, spread } from './statistics.ts'

export interface Found extends Spread {
  readonly unit: string
  /** The median as a multiple of Chard's. */
  readonly toChard?: number
}

export interface MeasureResult {
  readonly name: string
  readonly title: string
  readonly about: string
  readonly rounds: number
  /** By contender, then by figure. */
  readonly contenders: Readonly<Record<string, Readonly<Record<string, Found>>>>
  readonly levels: readonly (Level & { readonly isHeld: boolean })[]
}

/** The contender that the others are compared with, and that the levels are about. */
const subject = 'Chard'

export function resultOf(measure: Measure, samples: Readonly<Record<string, readonly Sample[]>>): MeasureResult {
  const medians = (name: string, figure: string) => spread(valuesOf(samples[name] ?? [], figure)).median
  const contenders = Object.fromEntries(
    Object.entries(samples).map(([name, taken]) => [
      name,
      Object.fromEntries(
        Object.entries(measure.figures).flatMap(([figure, { unit }]): [string, Found][] => {
          const values = valuesOf(taken, figure)
          if (values.length === 0) return []
          const own = medians(subject, figure)
          const toChard = name !== subject && own > 0 ? { toChard: spread(values).median / own } : {}
          return [[figure, { unit, ...spread(values), ...toChard }]]
        }),
      ),
    ]),
  )
  const levels = measure.levels.flatMap((level) => {
    const own = medians(subject, level.figure)
    const against = level.of ?? (level.ofFigure === undefined ? undefined : subject)
    const bound = level.value * (against === undefined ? 1 : medians(against, level.ofFigure ?? level.figure))
    // A contender that was left out says nothing.
    if (!Number.isFinite(own) || !Number.isFinite(bound)) return []
    return [{ ...level, isHeld: level.is === 'at least' ? own >= bound : own <= bound }]
  })
  const { name, title, about } = measure
  const rounds = Math.max(...Object.values(samples).map((taken) => taken.length))
  return { name, title, about, rounds, contenders, levels }
}

/** The one table, as Markdown, so that it can be pasted where it is read. */
export function tableOf(results: readonly MeasureResult[]): string {
  const rows = results.flatMap(({ name, contenders }) =>
    Object.entries(contenders).flatMap(([contender, figures]) =>
      Object.entries(figures).map(([figure, { unit, median, min, max, toChard }]) => [
        name,
        contender,
        figure,
        `${shown(median)} ${unit}`,
        min === max ? '' : `${shown(min)}–${shown(max)}`,
        toChard === undefined ? '' : `${shown(toChard)} x`,
      ]),
    ),
  )
  const head = ['measure', 'contender', 'figure', 'median', 'min–max', 'to Chard']
  const widths = head.map((title, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0), title.length),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

/** Chard's levels, each with whether it is held. */
export function levelsOf(results: readonly MeasureResult[]): string[] {
  return results.flatMap(({ name, contenders, levels }) =>
    levels.map(({ figure, is, value, of, ofFigure, isHeld }) => {
      const found = contenders[subject]?.[figure]
      const against = of ?? ofFigure
      const bound = against === undefined ? `${value}` : `${value} x ${against}`
      return `${isHeld ? 'held    ' : 'NOT HELD'}  ${name}: ${figure} ${is} ${bound} (it is ${shown(found?.median ?? Number.NaN)} ${found?.unit})`
    }),
  )
}

export function shown(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return value.toLocaleString('en', { maximumSignificantDigits: 3 })
}

function valuesOf(taken: readonly Sample[], figure: string): number[] {
  return taken.flatMap((sample) => sample[figure] ?? [])
}
