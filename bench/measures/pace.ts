/** Sends requests at a steady rate, as users do: each at its time, whether or not earlier ones have been answered. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../client.ts'

export class Pace {
  readonly #client: Client
  readonly #path: string
  #isStopped = false

  constructor(client: Client, path: string) {
    this.#client = client
    this.#path = path
  }

  /** Returns the bodies of all successful responses, and how long each request took in milliseconds. */
  async keep(perSecond: number, seconds: number): Promise<{ took: number[]; answers: unknown[] }> {
    const took: number[] = []
    const answers: unknown[] = []
    const sent: Promise<void>[] = []
    const began = performance.now()
    const count = Math.round(perSecond * seconds)
    for (let n = 0; n < count && !this.#isStopped; n++) {
      const dueAt = began + (n * 1_000) / perSecond
      const waitMs = dueAt - performance.now()
      if (waitMs > 1) await sleep(waitMs)
      // Measured from the time at which the request was due, so that a late client does not hide latency.
      const one = this.#client.post(this.#path).then(
        (answer) => {
          took.push(performance.now() - dueAt)
          answers.push(answer)
        },
        () => {},
      )
      sent.push(one)
    }
    await Promise.all(sent)
    return { took, answers }
  }

  /** Sends no further requests. `keep` still waits for those already sent. */
  stop(): void {
    this.#isStopped = true
  }
}
