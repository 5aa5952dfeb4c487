/** The children of a job: what its handler enqueues, made once however many attempts the job has. */

import { checkedEnqueueOptions } from '../task/enqueue-options.ts'
import type { Job } from '../task/job.ts'
import type { RunContext } from '../task/task.ts'
import type { Client } from './client.ts'

/** How the handlers of a job enqueue. The n-th child of a task in one attempt is the n-th child in every other. */
export function enqueueChildOf(client: Client): (parent: string) => RunContext['enqueue'] {
  return (parent) => {
    const made = new Map<string, number>()
    return async (task, input, options = {}) => {
      const index = made.get(task.name) ?? 0
      made.set(task.name, index + 1)
      const request = { input, options: checkedEnqueueOptions(options) }
      const [recorded] = await client.enqueue(task.definition, [request], { childKey: `${parent}/${index}` })
      return recorded?.job as Job<never>
    }
  }
}
