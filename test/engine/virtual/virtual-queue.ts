/** The queue of wake-ups, which may lose, double and delay what it carries, and may refuse it. */
import type { Clock } from './clock.ts'

export class VirtualQueue {
  /** Wake-ups accepted, in order: their shards. */
  readonly sent: number[] = []
  /** What becomes of a wake-up: the delays after which a copy of it arrives. None: it is lost. */
  fate: (shard: number) => readonly number[] = () => [5]
  /** What answers a call to `sendBatch`; a rejection refuses it. */
  accept: () => Promise<void> = async () => {}

  constructor(
    private readonly clock: Clock,
    private readonly consumer: (shard: number) => void,
  ) {}

  async send(shard: number, count: number): Promise<void> {
    await this.accept()
    for (let index = 0; index < count; index++) {
      this.sent.push(shard)
      for (const delayMs of this.fate(shard)) this.deliver(shard, delayMs)
    }
  }

  /** Delivers a wake-up, sent or not. */
  deliver(shard: number, delayMs = 0): void {
    this.clock.ring(this.clock.now + delayMs, () => this.consumer(shard), 'queue')
  }
}
