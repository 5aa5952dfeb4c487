/** The line that shows how far a run is: updated in place on a terminal, printed every few seconds elsewhere. */
import type { Figures } from './figures.ts'

export class Progress {
  readonly #seeds: number
  readonly #isLive = process.stdout.isTTY === true
  #shownAt = performance.now()

  constructor(seeds: number) {
    this.#seeds = seeds
  }

  show(figures: Figures): void {
    const now = performance.now()
    if (now - this.#shownAt < (this.#isLive ? 200 : 15_000)) return
    this.#shownAt = now
    process.stdout.write(this.#isLive ? `\r\x1b[K${this.#line(figures)}` : `${this.#line(figures)}\n`)
  }

  end(): void {
    if (this.#isLive) process.stdout.write('\r\x1b[K')
  }

  #line({ seeds, steps, seconds, violations }: Figures): string {
    const left = Math.round((seconds / Math.max(1, seeds)) * (this.#seeds - seeds))
    const parts = [
      `${seeds}/${this.#seeds} seeds`,
      `${steps.toLocaleString('en')} steps`,
      `${Math.round(steps / Math.max(0.001, seconds)).toLocaleString('en')} steps/s`,
      `${Math.floor(left / 60)}m${String(left % 60).padStart(2, '0')}s left`,
      ...(violations.length > 0 ? [`${violations.length} VIOLATIONS`] : []),
    ]
    return parts.join(' · ')
  }
}
