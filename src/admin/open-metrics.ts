/**
 * The text format of OpenMetrics 1.0, as Prometheus reads it.
 * https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 */

export const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

type Labels = Readonly<Record<string, string | number>>
type Sample = readonly [labels: Labels, value: number]

/** Counts by bucket, and the upper ends of all buckets but the last. */
export interface Distribution {
  readonly ends: readonly number[]
  readonly counts: readonly number[]
  readonly sum: number
}

export class OpenMetrics {
  readonly #lines: string[] = []

  gauge(name: string, help: string, samples: readonly Sample[]): this {
    this.#family(name, 'gauge', help)
    for (const [labels, value] of samples) this.#sample(name, labels, value)
    return this
  }

  /** @param name without `_total` */
  counter(name: string, help: string, samples: readonly Sample[]): this {
    this.#family(name, 'counter', help)
    for (const [labels, value] of samples) this.#sample(`${name}_total`, labels, value)
    return this
  }

  histogram(name: string, help: string, samples: readonly (readonly [Labels, Distribution])[]): this {
    this.#family(name, 'histogram', help)
    for (const [labels, { ends, counts, sum }] of samples) {
      let below = 0
      for (const [index, end] of [...ends, Number.POSITIVE_INFINITY].entries()) {
        below += counts[index] ?? 0
        this.#sample(`${name}_bucket`, { ...labels, le: canonical(end) }, below)
      }
      this.#sample(`${name}_count`, labels, below)
      this.#sample(`${name}_sum`, labels, sum)
    }
    return this
  }

  text(): string {
    return [...this.#lines, '# EOF', ''].join('\n')
  }

  #family(name: string, type: string, help: string): void {
    this.#lines.push(`# TYPE ${name} ${type}`)
    const unit = /_(seconds|bytes)$/.exec(name)?.[1]
    if (unit) this.#lines.push(`# UNIT ${name} ${unit}`)
    this.#lines.push(`# HELP ${name} ${escaped(help)}`)
  }

  #sample(name: string, labels: Labels, value: number): void {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(String(text))}"`)
    this.#lines.push(`${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`)
  }
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}

/** The upper end of a bucket in the canonical form of the format. */
function canonical(end: number): string {
  if (end === Number.POSITIVE_INFINITY) return '+Inf'
  return Number.isInteger(end) ? `${end}.0` : String(end)
}
