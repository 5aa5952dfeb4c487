/**
 * The composition of the engine: connects client, runner and ledger to one another and to a platform. `createChard` gives
 * it the platform of a Worker, and a virtual platform its own.
 */
import type { Chard } from './api.ts'
import { Bindings } from './bindings.ts'
import { BulkActions } from './client/bulk.ts'
import { enqueueChildOf } from './client/children.ts'
import { Client } from './client/client.ts'
import { CompletionListeners } from './client/completion-listeners.ts'
import { DeploymentControl } from './client/control.ts'
import { jobsOf } from './client/jobs.ts'
import { ScheduleRegistry } from './client/schedules.ts'
import { statsOf } from './client/stats.ts'
import { tasksOf } from './client/tasks.ts'
import { type ChardOptions, checkedOptions } from './options.ts'
import { ServedTasks } from './runner/tasks.ts'
import { Runners } from './runners.ts'
import { type Service, type ServicePorts, serviceOf } from './service.ts'
import { defineTask } from './task/define-task.ts'
import { ChardError } from './task/errors.ts'
import type { Platform } from './task/platform.ts'
import type { Task, TaskDefinition } from './task/task.ts'
import { tiersOf } from './tiers.ts'
import { defineWebhookTask } from './webhook.ts'

/** What a platform gives the engine. */
export interface EngineHost extends Pick<ServicePorts, 'startRunner' | 'sizes'> {
  readonly platform: Platform
}

/** The engine over any platform. */
export type Engine = Omit<Chard, 'serve'> & {
  // biome-ignore lint/suspicious/noExplicitAny: a list of tasks of any types
  serve(tasks: readonly Task<any, any>[]): Service
}

/**
 * Sets up the engine of one deployment. Reads no binding yet, so that it can be called where modules are loaded.
 * @throws ChardError `invalid-option`, naming the option, the value it got and the value it takes
 */
export function composeEngine(given: ChardOptions, { platform, startRunner, sizes }: EngineHost): Engine {
  const options = checkedOptions(given)
  const { logsAttempts, webhook } = options
  const bindings = new Bindings(given, () => platform.env())
  const listeners = new CompletionListeners()
  const client = new Client({ ...options, platform, stubs: (shard) => bindings.ledger(shard), listeners })
  const control = new DeploymentControl(client)
  const bulk = new BulkActions(client, platform)
  const schedules = new ScheduleRegistry(client, platform, options.homeShards)
  const enqueueChild = enqueueChildOf(client)
  const runners = new Runners({ ...options, platform, client, listeners, enqueueChild })
  let served: ServedTasks | undefined
  let servedByName: ReturnType<Chard['tasks']['served']> = new Map()
  const tiers = tiersOf({ platform, client, listeners, runners, enqueueChild, logsAttempts, served: () => served })

  const servedTask = (name: string): TaskDefinition => {
    const found = served?.get(name)
    if (found?.part === 'run') return found.task
    throw new ChardError('unknown-task', `no task ${name} is served here`)
  }

  return {
    task: (taskOptions) => defineTask(taskOptions, tiers),
    schedule(scheduleOptions) {
      const name = schedules.add(scheduleOptions)
      const { get, pause, resume, trigger } = schedules
      return {
        name,
        get: () => get(name),
        pause: () => pause(name),
        resume: () => resume(name),
        trigger: () => trigger(name),
      }
    },
    serve(given) {
      const tasks = webhook ? [...given, defineWebhookTask(webhook, platform, tiers)] : given
      const known = new ServedTasks(tasks.map(({ definition }) => definition))
      served = known
      servedByName = new Map(tasks.map((task) => [task.name, task]))
      const ports = { platform, options, bindings, client, schedules, runners, startRunner }
      return serviceOf(known, { ...ports, ...(sizes && { sizes }) })
    },
    jobs: jobsOf({ client, bulk, servedTask }),
    tasks: tasksOf({ client, control, served: () => servedByName, servedTask }),
    schedules,
    stats: statsOf(client, platform),
    pause: () => control.change({ kind: 'pause' }),
    resume: () => control.change({ kind: 'resume' }),
    drain: () => control.drain(undefined),
    settings: () => control.settings(),
    halt: (on) => control.halt(on),
  }
}
