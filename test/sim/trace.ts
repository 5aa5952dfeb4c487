/** What happened in a run: a hash of all lines, by which two runs are compared, and the last lines to read. */
import type { Clock } from '../../src/testing/clock.ts'

const keptMax = 400

export class Trace {
  hash = 0x811c9dc5
  readonly #clock: Clock
  readonly #startedAt: number
  #kept: string[] = []

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startedAt = clock.now
  }

  note(text: string): void {
    const line = `${clock(this.#clock.now - this.#startedAt)} ${text}`
    let hash = this.hash
    for (let index = 0; index < line.length; index++) hash = Math.imul(hash ^ line.charCodeAt(index), 0x01000193) >>> 0
    this.hash = hash
    this.#kept.push(line)
    if (this.#kept.length > 2 * keptMax) this.#kept = this.#kept.slice(-keptMax)
  }

  /** The last lines, oldest first. */
  last(count: number): string[] {
    return this.#kept.slice(-count)
  }
}

function clock(ms: number): string {
  return `${(ms / 1_000).toFixed(3)}s`
}
