/** The queue of wake-ups and its consumers. It can lose, double, delay and reorder messages, and refuse them. */
import type { Clock } from './clock.ts'
import { heardBy, type Machine } from './machine.ts'

interface Message {
  readonly id: string
  readonly body: unknown
  tries: number
}

export interface QueueObserver {
  /** A machine hands messages to the queue. */
  sent?(sender: Machine, count: number): void
}

export interface QueuePorts {
  readonly clock: Clock
  readonly observer: QueueObserver
  /** How many consumers work at once. */
  readonly consumersMax: number
  /** Gives a batch to an invocation. Resolves with false when the invocation died before it was done. */
  readonly consume: (batch: MessageBatch) => Promise<boolean>
}

const queueName = 'chard-jobs'
const deadQueueName = 'chard-jobs-dead'
/** A message that was given out this often goes to the dead-letter queue. */
const triesMax = 4
const retryMs = 1_000

export class VirtualQueue {
  /** The bodies of the messages that were accepted, in their order. */
  readonly sent: unknown[] = []
  /** Before messages are accepted. A rejection refuses them. */
  accept: () => Promise<void> = async () => {}
  /** After they were accepted, before their sender is told. A rejection reaches the sender. */
  confirm: () => Promise<void> = async () => {}
  /** The delays after which copies of a message arrive. None: the message is lost. */
  fate: (body: unknown) => readonly number[] = () => [5]
  /** Whether a message is given out again whose consumer has died. */
  redelivers: () => boolean = () => true
  readonly #ports: QueuePorts
  readonly #waiting: { message: Message; queue: string }[] = []
  #made = 0
  #consumers = 0

  constructor(ports: QueuePorts) {
    this.#ports = ports
  }

  sendBatch(sender: Machine, messages: readonly { readonly body: unknown }[]): Promise<void> {
    this.#ports.observer.sent?.(sender, messages.length)
    return heardBy(sender, this.#accepted(messages.map(({ body }) => structuredClone(body))))
  }

  async #accepted(bodies: readonly unknown[]): Promise<void> {
    await this.accept()
    for (const body of bodies) {
      this.sent.push(body)
      const id = String(++this.#made)
      for (const ms of this.fate(body)) this.#arriveIn({ id, body, tries: 0 }, ms)
    }
    await this.confirm()
  }

  #arriveIn(message: Message, ms: number, queue = queueName): void {
    const { clock } = this.#ports
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
    const { consumersMax, consume } = this.#ports
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

  /** Acked or not: the platform may forget what a consumer that died has acked. */
  #again(message: Message, queue: string): void {
    if (!this.redelivers()) return
    message.tries++
    const isDead = message.tries >= triesMax
    if (!isDead || queue === queueName) this.#arriveIn(message, retryMs, isDead ? deadQueueName : queue)
  }
}
