/**
 * The queue of wake-ups and its consumers. It may lose, double, delay and reorder what it carries, refuse it, and give
 * up on it; and there are only so many consumers at a time.
 */

import type { Clock } from '../../engine/virtual/clock.ts'
import { connectionLost } from '../../engine/virtual/faults.ts'
import type { Weather } from '../weather.ts'
import { heardBy, type Machine } from './machine.ts'

interface Message {
  readonly id: string
  readonly body: unknown
  tries: number
}

export interface QueuePorts {
  readonly clock: Clock
  readonly weather: Weather
  readonly consumersMax: number
  /** Gives a batch to an invocation; resolves with whether it came to its end, rather than dying. */
  readonly consume: (batch: MessageBatch) => Promise<boolean>
}

const triesMax = 4

export class Queue {
  sent = 0
  #next = 0
  #consumers = 0
  readonly #waiting: { message: Message; queue: string }[] = []

  constructor(private readonly ports: QueuePorts) {}

  sendBatch(sender: Machine, messages: readonly { body: unknown }[]): Promise<void> {
    return heardBy(sender, this.#accept(messages.map(({ body }) => structuredClone(body))))
  }

  async #accept(bodies: readonly unknown[]): Promise<void> {
    const { weather } = this.ports
    await this.#pass(2)
    if (weather.strikes('sendFailsBefore')) throw connectionLost()
    for (const body of bodies) {
      this.sent++
      const message = { id: String(++this.#next), body, tries: 0 }
      if (weather.strikes('wakeUpLost')) continue
      if (weather.strikes('wakeUpDoubled')) this.#arriveIn({ ...message }, this.#delay())
      this.#arriveIn(message, this.#delay())
    }
    await this.#pass(2)
    if (weather.strikes('sendFailsAfter')) throw connectionLost()
  }

  #delay(): number {
    const { weather } = this.ports
    if (weather.strikes('wakeUpHoursLate')) return weather.upTo('wakeUpHoursLate', 4 * 3_600_000)
    return weather.strikes('wakeUpLate') ? weather.upTo('wakeUpLate', 30_000) : weather.dice('latency').between(3, 10)
  }

  #arriveIn(message: Message, ms: number, queue = 'chard-jobs'): void {
    const { clock } = this.ports
    clock.ring(
      clock.now + ms,
      () => {
        this.#waiting.push({ message, queue })
        this.#serve()
      },
      'queue',
    )
  }

  #serve(): void {
    const { consumersMax, consume } = this.ports
    while (this.#consumers < consumersMax && this.#waiting.length > 0) {
      const { message, queue } = this.#waiting.shift() as { message: Message; queue: string }
      this.#consumers++
      const { id, body } = message
      const batch = { queue, messages: [{ id, body, ack: () => {} }] }
      void consume(batch as unknown as MessageBatch).then((isEnded) => {
        this.#consumers--
        if (!isEnded) this.#again(message, queue)
        this.#serve()
      })
    }
  }

  /** Acked or not: what a consumer that died had acked may be forgotten with it. */
  #again(message: Message, queue: string): void {
    if (!this.ports.weather.dice('redelivery').happens(0.7)) return
    message.tries++
    const isDead = message.tries >= triesMax
    if (!isDead || queue === 'chard-jobs') this.#arriveIn(message, 1_000, isDead ? 'chard-jobs-dead' : queue)
  }

  #pass(ms: number): Promise<void> {
    const { clock } = this.ports
    return new Promise((resolve) => {
      clock.ring(clock.now + ms, resolve, 'queue')
    })
  }
}
