/** A model of the ready index: lists that are searched at every call. Tests compare the ready index with it. */
import type { ReadyJob, Want } from '../../../../src/engine/ledger/memory/ready-index.ts'

export type LaneOf = Pick<ReadyJob, 'priority' | 'task' | 'partition'>

export class ReadyModel {
  jobs: ReadyJob[] = []
  /** Tasks by priority, in the order of their turns. */
  readonly #tasks = new Map<number, string[]>()
  /** Open partitions by priority and task, in the order of their turns. */
  readonly #open = new Map<string, string[]>()
  /** Parked lanes by task and partition, in the order in which they were parked. */
  readonly #parked = new Map<string, LaneOf[]>()

  add(job: ReadyJob): void {
    if (this.jobs.some(({ id }) => id === job.id)) return
    const isNewLane = this.lane(job).length === 0
    this.jobs.push(job)
    if (!job.solo && isNewLane) this.#enter(job)
  }

  remove(id: string): void {
    const job = this.jobs.find((one) => one.id === id)
    if (!job) return
    this.jobs = this.jobs.filter((one) => one.id !== id)
    if (job.solo) return
    const open = this.#openOf(job)
    const index = open.indexOf(job.partition)
    if (index >= 0) open.splice(index, 1)
    if (this.lane(job).length === 0) this.#unparkLane(job)
    else if (index >= 0) open.push(job.partition)
    const tasks = this.#tasksOf(job.priority)
    tasks.splice(tasks.indexOf(job.task), 1)
    if (this.jobs.some((one) => !one.solo && one.task === job.task && one.priority === job.priority))
      tasks.push(job.task)
  }

  tag(id: string): void {
    this.jobs = this.jobs.map((job) => (job.id === id ? { ...job, due: true } : job))
  }

  park(lane: LaneOf): void {
    const open = this.#openOf(lane)
    if (!open.includes(lane.partition)) return
    open.splice(open.indexOf(lane.partition), 1)
    const group = `${lane.task} ${lane.partition}`
    this.#parked.set(group, [...(this.#parked.get(group) ?? []), lane])
  }

  unpark(task: string, partition: string): void {
    const lanes = this.#parked.get(`${task} ${partition}`) ?? []
    this.#parked.delete(`${task} ${partition}`)
    for (const lane of lanes) this.#openOf(lane).push(lane.partition)
  }

  unparkAll(): void {
    for (const [lane] of [...this.#parked.values()]) if (lane) this.unpark(lane.task, lane.partition)
  }

  next({ accepts, admission, skips, count, bytesMax }: Want): { jobs: string[]; full: LaneOf[] } {
    const jobs: ReadyJob[] = []
    const full: LaneOf[] = []
    const nextOf = (priority: number, task: string, open: string[]): ReadyJob | undefined => {
      for (let partition = open.shift(); partition !== undefined; partition = open.shift()) {
        if (admission.room(task) < 1) return undefined
        if (admission.roomOf(task, partition) < 1) full.push({ priority, task, partition })
        else {
          const lane = this.lane({ priority, task, partition })
          const job = lane.find((one) => !jobs.includes(one) && !skips?.(one.id))
          if (!job) continue
          open.push(partition)
          return job
        }
      }
      return undefined
    }
    for (const priority of [...this.#tasks.keys()].sort((a, b) => b - a)) {
      let going = this.#tasksOf(priority)
        .filter(accepts)
        .map((task) => ({ task, open: [...this.#openOf({ priority, task })] }))
      while (going.length > 0) {
        const stopped = new Set<string>()
        for (const { task, open } of going) {
          if (jobs.length >= count) return { jobs: jobs.map(({ id }) => id), full }
          const job = nextOf(priority, task, open)
          if (!job) {
            stopped.add(task)
            continue
          }
          if (jobs.length > 0 && bytesOf([...jobs, job]) > bytesMax) return { jobs: jobs.map(({ id }) => id), full }
          jobs.push(job)
          admission.take(task, job.partition)
        }
        going = going.filter(({ task }) => !stopped.has(task))
      }
    }
    return { jobs: jobs.map(({ id }) => id), full }
  }

  nextSolo({ accepts, admission, skips }: Pick<Want, 'accepts' | 'admission' | 'skips'>): string | undefined {
    return this.jobs
      .filter(({ id, task, solo }) => solo && accepts(task) && !skips?.(id))
      .filter(({ task, partition }) => admission.room(task) >= 1 && admission.roomOf(task, partition) >= 1)
      .sort(byAge)[0]?.id
  }

  /** How many jobs could start: first the solo jobs, then those that a claim without bounds would get. */
  available({ accepts, admission }: Pick<Want, 'accepts' | 'admission'>): number {
    const alone = this.jobs.filter(({ solo, task, partition }) => {
      const fits = solo && accepts(task) && admission.room(task) >= 1 && admission.roomOf(task, partition) >= 1
      if (fits) admission.take(task, partition)
      return fits
    })
    const all = { accepts, admission, count: Number.POSITIVE_INFINITY, bytesMax: Number.POSITIVE_INFINITY }
    return alone.length + this.next(all).jobs.length
  }

  /** The jobs of a lane, oldest first. */
  lane({ priority, task, partition }: LaneOf): ReadyJob[] {
    return this.jobs
      .filter((job) => !job.solo && job.priority === priority && job.task === task && job.partition === partition)
      .sort(byAge)
  }

  #enter(job: ReadyJob): void {
    this.#openOf(job).push(job.partition)
    const tasks = this.#tasksOf(job.priority)
    if (!tasks.includes(job.task)) tasks.push(job.task)
  }

  #unparkLane({ priority, task, partition }: LaneOf): void {
    const group = `${task} ${partition}`
    const left = (this.#parked.get(group) ?? []).filter((lane) => lane.priority !== priority)
    if (left.length === 0) this.#parked.delete(group)
    else this.#parked.set(group, left)
  }

  #tasksOf(priority: number): string[] {
    const tasks = this.#tasks.get(priority) ?? []
    this.#tasks.set(priority, tasks)
    return tasks
  }

  #openOf({ priority, task }: Pick<LaneOf, 'priority' | 'task'>): string[] {
    const open = this.#open.get(`${priority} ${task}`) ?? []
    this.#open.set(`${priority} ${task}`, open)
    return open
  }
}

function byAge(a: ReadyJob, b: ReadyJob): number {
  return a.readyAt - b.readyAt || (a.id < b.id ? -1 : 1)
}

function bytesOf(jobs: readonly ReadyJob[]): number {
  return jobs.reduce((sum, { bytes }) => sum + bytes, 0)
}
