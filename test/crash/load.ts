/**
 * The client: enqueues jobs again and again, and remembers every accepted job. It does not know why an answer did not come. A
 * request with keys is repeated. A request without keys is *unknown*: its jobs may be recorded once or not at all.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { DevServer } from '../e2e/dev-server.ts'
import type { Request } from './plan.ts'
import type { Accepted, Asked } from './shapes.ts'

/** Requests at the same time. */
const clients = 10
/** After a connection that broke. */
const pauseMs = 50

export interface Promised {
  readonly asked: Asked
  readonly id: string
}

export class Load {
  /** Jobs that a 202 named, by number. */
  readonly promised = new Map<number, Promised>()
  /** Accepted background jobs, which are promised only while the isolate lives. */
  readonly background = new Set<number>()
  /** Jobs without a key whose answer did not come. */
  readonly unknown = new Map<number, Asked>()
  /** Answers that must not occur. */
  readonly wrong: string[] = []
  /** Answers that named a job a second time. */
  duplicates = 0
  /** True while the server is down. */
  isRefused = false
  /** Requests that got no 202. */
  unanswered = 0

  readonly #server: DevServer
  readonly #requests: Iterator<Request, never>
  readonly #again: Request[] = []
  #inFlight = 0
  #isAsking = false

  constructor(server: DevServer, requests: Iterator<Request, never>) {
    this.#server = server
    this.#requests = requests
  }

  /** Enqueues until `stop`, and never more than `target` jobs, which may grow. */
  async run(target: () => number): Promise<void> {
    this.#isAsking = true
    await Promise.all(Array.from({ length: clients }, () => this.#client(target)))
  }

  /** True while a request has not been answered. */
  get owes(): boolean {
    return this.#inFlight > 0 || this.#again.length > 0
  }

  stop(): void {
    this.#isAsking = false
  }

  async #client(target: () => number): Promise<void> {
    while (this.#isAsking) {
      const request = this.#again.shift() ?? this.#fresh(target())
      if (!request) {
        await sleep(10)
        continue
      }
      this.#inFlight += request.jobs.length
      await Promise.all(Array.from({ length: request.twice ? 2 : 1 }, () => this.#send(request)))
      this.#inFlight -= request.jobs.length
    }
  }

  #fresh(target: number): Request | undefined {
    return this.promised.size + this.#inFlight < target ? this.#requests.next().value : undefined
  }

  async #send(request: Request): Promise<void> {
    try {
      const answer = await this.#server.fetch('/jobs', { method: 'POST', body: JSON.stringify(request.jobs) })
      const text = await answer.text()
      // 503: the Worker got no answer from its ledger, or the tool in front of it none from the Worker.
      if (answer.status !== 202 && answer.status !== 503) this.wrong.push(`${answer.status}: ${text.slice(0, 300)}`)
      this.isRefused = false
      if (answer.status !== 202) this.#noAnswer(request)
      else for (const one of (JSON.parse(text) as Accepted).jobs) this.#note(request, one)
    } catch (error) {
      const { cause } = error as { cause?: { code?: string } }
      this.isRefused = cause?.code === 'ECONNREFUSED'
      // A request that never arrived made no jobs. Any other broken connection leaves that open.
      if (this.isRefused) this.#again.push({ ...request, twice: false })
      else this.#noAnswer(request)
      await sleep(pauseMs)
    }
  }

  #noAnswer({ jobs }: Request): void {
    this.unanswered++
    const keyed = jobs.filter(({ key }) => key !== undefined)
    if (keyed.length > 0) this.#again.push({ jobs: keyed, twice: false })
    for (const asked of jobs) if (asked.key === undefined) this.unknown.set(asked.n, asked)
  }

  #note({ jobs }: Request, { n, id, duplicate }: Accepted['jobs'][number]): void {
    const asked = jobs.find((job) => job.n === n)
    if (!asked) this.wrong.push(`the answer names job ${n}, which was not asked for`)
    else if (asked.kind === 'background') this.background.add(n)
    else {
      const before = this.promised.get(n)
      if (before && before.id !== id) this.wrong.push(`${asked.key} was answered with ${before.id} and with ${id}`)
      this.promised.set(n, { asked, id })
    }
    if (duplicate) this.duplicates++
  }
}
