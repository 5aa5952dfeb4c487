/** The jobs whose lease is live: by id, by runner, and counted by task and partition. */
import { leaseParts } from '../domain/lease.ts'

/** A job whose lease is live. */
export interface RunningJob {
  readonly id: string
  readonly task: string
  readonly partition: string
  readonly lease: string
  readonly leaseUntil: number
  readonly startedAt: number
  /** False when only its id finds it on activation: the watermark must not pass it. */
  readonly due: boolean
  readonly cancelling: boolean
}

export class RunningJobs {
  readonly #jobs = new Map<string, RunningJob>()
  /** By runner: a ledger may have thousands of runners with a job each, and each sync needs those of its runner. */
  readonly #byRunner = new Map<string, Map<string, RunningJob>>()
  /** Live leases by task, and within it by partition. */
  readonly #counts = new Map<string, { all: number; byPartition: Map<string, number> }>()

  get size(): number {
    return this.#jobs.size
  }

  has(id: string): boolean {
    return this.#jobs.has(id)
  }

  get(id: string): RunningJob | undefined {
    return this.#jobs.get(id)
  }

  values(): Iterable<RunningJob> {
    return this.#jobs.values()
  }

  /** The jobs that a runner holds the lease of. */
  of(runner: string): RunningJob[] {
    return [...(this.#byRunner.get(runner)?.values() ?? [])]
  }

  set(job: RunningJob): void {
    this.delete(job.id)
    this.#jobs.set(job.id, job)
    const { runner } = leaseParts(job.lease)
    const own = this.#byRunner.get(runner)
    if (own) own.set(job.id, job)
    else this.#byRunner.set(runner, new Map([[job.id, job]]))
    this.#count(job, 1)
  }

  delete(id: string): void {
    const job = this.#jobs.get(id)
    if (!job) return
    this.#jobs.delete(id)
    const { runner } = leaseParts(job.lease)
    const own = this.#byRunner.get(runner)
    own?.delete(id)
    if (own?.size === 0) this.#byRunner.delete(runner)
    this.#count(job, -1)
  }

  /** How many run of a task, or of one of its partitions. */
  count(task: string, partition?: string): number {
    const counts = this.#counts.get(task)
    if (!counts) return 0
    return partition === undefined ? counts.all : (counts.byPartition.get(partition) ?? 0)
  }

  #count({ task, partition }: RunningJob, by: 1 | -1): void {
    let counts = this.#counts.get(task)
    if (!counts) {
      counts = { all: 0, byPartition: new Map() }
      this.#counts.set(task, counts)
    }
    counts.all += by
    if (partition !== '') {
      const left = (counts.byPartition.get(partition) ?? 0) + by
      if (left === 0) counts.byPartition.delete(partition)
      else counts.byPartition.set(partition, left)
    }
    if (counts.all === 0) this.#counts.delete(task)
  }
}
