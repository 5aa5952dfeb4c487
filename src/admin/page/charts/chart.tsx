/**
 * One chart. uPlot draws it, and this component keeps it at the size and in the colours of the page. What it shows is also given in
 * words and as a table, for readers who do not see it.
 */

import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import { clock } from '../health/time.ts'
import { Scroll } from '../shell/scroll.tsx'

export interface Line {
  readonly label: string
  readonly values: readonly (number | null)[]
  /** A custom property of the style, without its dashes. */
  readonly colour: string
  readonly kind: 'bars' | 'line' | 'dashes'
}

interface ChartProps {
  readonly title: string
  /** The chart in a sentence, which is shown while nobody points at the chart. */
  readonly summary: string
  readonly times: readonly number[]
  readonly lines: readonly Line[]
  /** A value with its unit. */
  readonly format: (value: number) => string
}

/** All charts of a page point at the same time. */
const together = uPlot.sync('charts')
const height = 168
const tickEveryPx = 72
/** The steps between marks of the axis: there are no halves of whole things. */
const steps = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((one) => one * 10 ** power)).flat()

export function Chart({ title, summary, times, lines, format }: ChartProps) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>()
  const [at, point] = useState<number>()
  const scheme = useScheme()
  const shape = lines.map(({ label }) => label).join()

  useEffect(() => {
    const element = place.current
    if (!element) return
    const drawn = new uPlot(options(lines, format, element.clientWidth, point), dataOf(times, lines), element)
    plot.current = drawn
    const fitted = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height }))
    fitted.observe(element)
    return () => {
      fitted.disconnect()
      drawn.destroy()
      plot.current = undefined
    }
  }, [shape, scheme])
  useEffect(() => plot.current?.setData(dataOf(times, lines)), [times, lines])

  const time = at === undefined ? undefined : times[at]
  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        <span class="keys">
          {lines.map(({ label, colour, kind, values }) => (
            <span key={label} class="key">
              <span class={`swatch is-${kind} ink-${colour}`} />
              {label}
              {at !== undefined && <b>{shown(values[at], format)}</b>}
            </span>
          ))}
        </span>
        <span class="readout">{time === undefined ? summary : clock(time * 1_000, Date.now())}</span>
      </figcaption>
      <div ref={place} class="plot" aria-hidden="true" />
      <Figures title={title} times={times} lines={lines} format={format} />
    </figure>
  )
}

/** The numbers behind the lines, made only when they are opened, because a chart has sixty rows or more. */
function Figures({ title, times, lines, format }: Omit<ChartProps, 'summary'>) {
  const [isOpen, open] = useState(false)
  return (
    <details class="figures" onToggle={(event) => open(event.currentTarget.open)}>
      <summary>
        Figures<span class="unseen"> of {title}</span>
      </summary>
      {isOpen && (
        <Scroll class="figures-scroll" name={`Figures of ${title}`}>
          <table>
            <thead>
              <tr>
                <th scope="col">From</th>
                {lines.map(({ label }) => (
                  <th key={label} scope="col" class="number">
                    {label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times
                .map((time, step) => (
                  <tr key={time}>
                    <th scope="row">{clock(time * 1_000, Date.now())}</th>
                    {lines.map(({ label, values }) => (
                      <td key={label} class="number">
                        {shown(values[step], format)}
                      </td>
                    ))}
                  </tr>
                ))
                .reverse()}
            </tbody>
          </table>
        </Scroll>
      )}
    </details>
  )
}

function shown(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? '–' : format(value)
}

function dataOf(times: readonly number[], lines: readonly Line[]): uPlot.AlignedData {
  return [[...times], ...lines.map(({ values }) => [...values])] as uPlot.AlignedData
}

function options(
  lines: readonly Line[],
  format: (value: number) => string,
  width: number,
  point: (index: number | undefined) => void,
): uPlot.Options {
  const style = getComputedStyle(document.documentElement)
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
  const axis: uPlot.Axis = {
    stroke: colour('quiet'),
    font: '11px system-ui, sans-serif',
    grid: { stroke: colour('hair'), width: 1 },
    ticks: { show: false },
  }
  return {
    width,
    height,
    padding: [10, 18, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: together.key, setSeries: false },
      drag: { x: false, y: false },
      points: { size: 7 },
      y: false,
    },
    scales: {
      // The last step needs the width of a step for its bar.
      x: { range: ({ data: [times] }, min, max) => [min, max + (times[1] ?? max) - (times[0] ?? max)] },
      y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] },
    },
    axes: [
      {
        ...axis,
        size: 26,
        space: tickEveryPx,
        values: (_, ticks) => ticks.map((tick) => clock(tick * 1_000, tick * 1_000)),
      },
      { ...axis, size: 50, space: 34, incrs: steps, values: (_, ticks) => ticks.map(format) },
    ],
    series: [
      {},
      ...lines.map(({ label, colour: name, kind }): uPlot.Series => {
        const stroke = colour(name)
        const bars = kind === 'bars' && uPlot.paths.bars?.({ size: [0.72, 24], align: 1 })
        return {
          label,
          stroke,
          width: kind === 'bars' ? 0 : 2,
          points: { show: kind !== 'bars', size: 4, fill: stroke, filter: lonely },
          ...(kind === 'dashes' && { dash: [5, 4] }),
          ...(bars && { fill: stroke, paths: bars }),
        }
      }),
    ],
    hooks: { setCursor: [({ cursor }) => point(cursor.idx ?? undefined)] },
  }
}

/** A value between two gaps makes no line, so it is drawn as a dot. */
const lonely: uPlot.Series.Points.Filter = (plot, series) => {
  const values = [...(plot.data[series] ?? [])]
  return values.flatMap((value, i) =>
    value !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null ? i : [],
  )
}

/** Redraws when the reader's colour scheme changes, which a canvas does not follow by itself. */
function useScheme(): boolean {
  const [query] = useState(() => matchMedia('(prefers-color-scheme: dark)'))
  const [isDark, set] = useState(query.matches)
  useEffect(() => {
    const changed = () => set(query.matches)
    query.addEventListener('change', changed)
    return () => query.removeEventListener('change', changed)
  }, [query])
  return isDark
}
