/** The results of a run: medians, ranges, ratios to Chard, and whether Chard meets its targets. */
import { markdownTable } from './markdown.ts'
import type { Level, Measure, Sample } from './measures/measure.ts'
import { type MedianAndRange, medianAndRange } from './statistics.ts'

export interface FigureResult extends MedianAndRange {
  readonly unit: string
  /** The median divided by Chard's median. */
  readonly toChard?: number
}

export interface MeasureResult {
  readonly name: string
  readonly title: string
  readonly about: string
  readonly rounds: number
  /** The day on which it was measured, as `YYYY-MM-DD`. */
  readonly at: string
  /** By contender, then by figure. */
  readonly contenders: Readonly<Record<string, Readonly<Record<string, FigureResult>>>>
  readonly levels: readonly (Level & { readonly isMet: boolean })[]
}

/** The contender to which the levels apply and with which the others are compared. */
const subject = 'Chard'

/** Summarizes the samples of a measure. @param samples of all rounds, by contender */
export function resultOf(measure: Measure, samples: Readonly<Record<string, readonly Sample[]>>): MeasureResult {
  const medians = (name: string, figure: string) => medianAndRange(valuesOf(samples[name] ?? [], figure)).median
  const contenders = Object.fromEntries(
    Object.entries(samples).map(([name, taken]) => [
      name,
      Object.fromEntries(
        Object.entries(measure.figures).flatMap(([figure, { unit }]): [string, FigureResult][] => {
          const values = valuesOf(taken, figure)
          if (values.length === 0) return []
          const own = medians(subject, figure)
          const toChard = name !== subject && own > 0 ? { toChard: medianAndRange(values).median / own } : {}
          return [[figure, { unit, ...medianAndRange(values), ...toChard }]]
        }),
      ),
    ]),
  )
  const levels = measure.levels.flatMap((level) => {
    const own = medians(subject, level.figure)
    const bound = level.value * (level.of === undefined ? 1 : medians(level.of, level.figure))
    // A level without figures, because a contender was left out, is neither met nor missed.
    if (!Number.isFinite(own) || !Number.isFinite(bound)) return []
    return [{ ...level, isMet: level.is === 'at least' ? own >= bound : own <= bound }]
  })
  const { name, title, about } = measure
  const rounds = Math.max(...Object.values(samples).map((taken) => taken.length))
  return { name, title, about, rounds, at: new Date().toISOString().slice(0, 10), contenders, levels }
}

/** A Markdown table for docs/speed.md: each figure of Chard's with those of the other contenders and its targets. */
export function summaryOf(results: readonly MeasureResult[]): string {
  const rows = results.flatMap(({ name, contenders, levels }) =>
    Object.entries(contenders[subject] ?? {}).map(([figure, { unit, median }]) => {
      const others = Object.entries(contenders).flatMap(([contender, figures]) => {
        const found = figures[figure]
        return contender === subject || !found ? [] : [`${contender} ${shown(found.median)}`]
      })
      const targets = levels.filter((level) => level.figure === figure)
      return [name, `${figure}, ${unit}`, shown(median), others.join('; '), targets.map(targetText).join('; ')]
    }),
  )
  return markdownTable(['measure', 'figure', subject, 'others', 'target'], rows)
}

function targetText({ is, value, of, isMet }: MeasureResult['levels'][number]): string {
  return `${is} ${value}${of === undefined ? '' : ` x ${of}`}: ${isMet ? 'met' : '**missed**'}`
}

/** A Markdown table of all figures of all contenders. */
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
  return markdownTable(['measure', 'contender', 'figure', 'median', 'min–max', 'relative to Chard'], rows)
}

/** Formats a figure: whole numbers from 100 up, three significant digits below. */
export function shown(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return value.toLocaleString('en', { maximumSignificantDigits: 3 })
}

function valuesOf(taken: readonly Sample[], figure: string): number[] {
  return taken.flatMap((sample) => sample[figure] ?? [])
}
