/** Requests at a steady rate, each sent at its time whether or not those before have been answered, as users do. */
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

  /** Of all that were answered well: what the answers said, and how long each took in milliseconds. */
  async keep(perSecond: number, seconds: number): Promise<{ took: number[]; answers: unknown[] }> {
    const took: number[] = []
    const answers: unknown[] = []
    const asked: Promise<void>[] = []
    const began = performance.now()
    const count = Math.round(perSecond * seconds)
    for (let n = 0; n < count && !this.#isStopped; n++) {
      const dueAt = began + (n * 1_000) / perSecond
      const waitMs = dueAt - performance.now()
      if (waitMs > 1) await sleep(waitMs)
      // Counted from when it should have been sent: a client that is late itself hides nothing.
      const one = this.#client.post(this.#path).then(
        (answer) => {
          took.push(performance.now() - dueAt)
          answers.push(answer)
        },
        () => {},
      )
      asked.push(one)
    }
    await Promise.all(asked)
    return { took, answers }
  }

  /** Sends no more. What was sent is still waited for. */
  stop(): void {
    this.#isStopped = true
  }
}
