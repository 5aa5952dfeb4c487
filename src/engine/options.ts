/** The options of a deployment, checked where they are written. Every one has a default. */
import type { BindingOptions } from './bindings.ts'
import { type Duration, durationMs } from './task/duration.ts'
import { ChardError } from './task/errors.ts'
import { type Webhook, type WebhookOption, webhookOf } from './webhook.ts'

const shardsMax = 1_000
const homeShardsDefault = 8

/** What `createChard` takes. */
export interface ChardOptions extends BindingOptions {
  /**
   * Shards in use, each with a ledger of its own: 1 to 1,000, and at least `homeShards`. May grow at any time: plain jobs
   * use the new shards from the next deploy on. Default 8.
   */
  shards?: number
  /**
   * Home shards: 1 to `shards`. Jobs with an idempotency key, a partition, a `unique` key or a limited task are on these
   * alone. Chosen once for the life of a deployment: every ledger remembers it and refuses another number with
   * `home-shards-mismatch`. State it when `shards` is under 8 and may grow. Default: `shards`, up to 8.
   */
  homeShards?: number
  /** How long a finished job is kept, unless its task says otherwise. Default `'7d'`. */
  retention?: Duration
  /**
   * The size in bytes, 1 MiB to 9 GiB, above which a ledger removes its oldest finished jobs before their time. Default
   * 1 GiB. The platform allows 10 GiB: https://developers.cloudflare.com/durable-objects/platform/limits/
   */
  historyBytesMax?: number
  /** The bounds of one runner. */
  runner?: {
    /** Jobs that it runs side by side, 1 to 100; more while they prove short. Default 10. */
    concurrency?: number
    /** Jobs in one invocation, 1 to 100,000. They share the invocation's subrequests. Default 500. */
    jobs?: number
  }
  /**
   * Whether a ledger starts a runner by itself when its wake-up is not answered within half a second. It needs the Worker to
   * export `Runner`. Default true.
   */
  directStart?: boolean
  /**
   * Which attempts leave a line in the Worker's log: those that did not complete (`'failures'`, the default), or all
   * (`'attempts'`). Logs are billed by the line, and in local development a line costs more time than a short job.
   */
  logs?: 'failures' | 'attempts'
  /**
   * An endpoint that is told of every job that has failed for good, by Standard Webhooks. Each message is a job of its own.
   * Default: none. https://www.standardwebhooks.com
   */
  webhook?: WebhookOption
}

/** Checked options: every value present, times in milliseconds. Names of bindings are with Bindings. */
export interface CheckedOptions {
  readonly shards: number
  readonly homeShards: number
  readonly retentionMs: number
  readonly historyBytesMax: number
  readonly concurrency: number
  readonly jobsMax: number
  readonly directStart: boolean
  readonly logsAttempts: boolean
  readonly webhook: (() => Webhook | undefined) | undefined
}

/** @throws ChardError `invalid-option`, naming the option, the value it got and the value it takes */
export function checkedOptions(options: ChardOptions): CheckedOptions {
  return {
    ...checkedShards(options),
    concurrency: count('runner.concurrency', options.runner?.concurrency ?? 10, 1, 100),
    jobsMax: count('runner.jobs', options.runner?.jobs ?? 500, 1, 100_000),
    historyBytesMax: count('historyBytesMax', options.historyBytesMax ?? 2 ** 30, 2 ** 20, 9 * 2 ** 30),
    retentionMs: durationMs(options.retention ?? '7d', 'retention'),
    directStart: options.directStart !== false,
    webhook: webhookOf(options.webhook),
    logsAttempts: oneOf('logs', options.logs ?? 'failures', ['failures', 'attempts']) === 'attempts',
  }
}

function checkedShards({ shards = 8, homeShards }: ChardOptions) {
  count('shards', shards, 1, shardsMax)
  if (homeShards === undefined) return { shards, homeShards: Math.min(homeShardsDefault, shards) }
  count('homeShards', homeShards, 1, shardsMax)
  if (shards >= homeShards) return { shards, homeShards }
  throw new ChardError(
    'invalid-option',
    `shards is ${shards}; it takes a whole number from ${homeShards}, the value of homeShards, to ${shardsMax}`,
  )
}

function count(option: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new ChardError('invalid-option', `${option} is ${value}; it takes a whole number from ${min} to ${max}`)
}

function oneOf<T extends string>(option: string, value: T, takes: readonly T[]): T {
  if (takes.includes(value)) return value
  throw new ChardError(
    'invalid-option',
    `${option} is ${JSON.stringify(value)}; it takes ${takes.map((one) => `'${one}'`).join(' or ')}`,
  )
}
