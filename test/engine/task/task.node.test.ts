import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineTask, type Tiers } from '../../../src/engine/task/define-task.ts'
import { checkedEnqueueOptions, type EnqueueOptions } from '../../../src/engine/task/enqueue-options.ts'
import { ChardError } from '../../../src/engine/task/errors.ts'
import { onFailedTask } from '../../../src/engine/task/names.ts'
import { defaultRetryPolicy } from '../../../src/engine/task/retry.ts'
import type { TaskDefinition, TaskRequest } from '../../../src/engine/task/task.ts'

const good = { name: 'send', input: z.object({ n: z.number() }), run: () => 'done' }
const noTiers: Tiers = { background: async () => {}, enqueue: async () => [] }

/** Remembers what it is asked to run. */
function recording() {
  const calls: { tier: string; task: TaskDefinition; requests: readonly TaskRequest[] }[] = []
  const tiers: Tiers = {
    background: async (task, request) => void calls.push({ tier: 'background', task, requests: [request] }),
    enqueue: async (task, requests) => {
      calls.push({ tier: 'enqueue', task, requests })
      return requests.map((_, index) => ({ id: `job ${index}` }) as never)
    },
  }
  return { calls, tiers }
}

describe('defineTask', () => {
  test('returns the task with every default', () => {
    const { name, definition } = defineTask(good, noTiers)
    expect(name).toBe('send')
    expect(definition).toMatchObject({ name: 'send', retry: defaultRetryPolicy, timeoutMs: 25_000 })
    expect([definition.retentionMs, definition.onFailed]).toEqual([undefined, undefined])
  })

  test('accepts the bounds of every option', () => {
    const name = `a${'b'.repeat(99)}`
    const { definition } = defineTask(
      { ...good, name, timeout: '14m', retention: '1m', retry: { maxAttempts: 100 } },
      noTiers,
    )
    expect(definition).toMatchObject({ name, timeoutMs: 840_000, retentionMs: 60_000, retry: { maxAttempts: 100 } })
    expect(defineTask({ ...good, timeout: 1 }, noTiers).definition.timeoutMs).toBe(1)
  })

  test('shows operators what visible returns of an input, and nothing when it is redacted', () => {
    const visibleOf = (more: object) => defineTask({ ...good, ...more }, noTiers).definition.visible
    expect(visibleOf({})).toBeUndefined()
    expect(visibleOf({ visible: ({ a }: { a: number }) => a })?.({ a: 1 } as never)).toBe(1)
    expect(visibleOf({ visible: 'redacted' })?.({ a: 1 } as never)).toBeUndefined()
    expect(() => visibleOf({ visible: true })).toThrow('visible of task send is true; it takes a function of the input')
  })

  test.each(['a', 'A9', '0', 'send-mail', 'send_mail', 'mail.send', 'mail:send'])('accepts the name %j', (name) => {
    expect(defineTask({ ...good, name }, noTiers).name).toBe(name)
  })

  const names = 'it takes up to 100 letters, digits and . _ : -, the first a letter or digit'
  const times = "it takes milliseconds or a string such as '30s', '5m', '2h' or '7d', up to ten years"
  test.each<[more: object, message: string]>([
    [{ name: '' }, `name is ""; ${names}`],
    [{ name: undefined }, `name is undefined; ${names}`],
    [{ name: 5 }, `name is 5; ${names}`],
    [{ name: '-a' }, `name is "-a"; ${names}`],
    [{ name: 'send mail' }, `name is "send mail"; ${names}`],
    [{ name: 'send/onFailed' }, `name is "send/onFailed"; ${names}`],
    [{ name: 'sénd' }, `name is "sénd"; ${names}`],
    [{ name: 'send\n' }, `name is "send\\n"; ${names}`],
    [{ name: 'a'.repeat(101) }, `name is "${'a'.repeat(101)}"; ${names}`],
    [
      { input: undefined },
      'input of task send is undefined; it takes a Standard Schema, such as z.object({ … }) of zod',
    ],
    [{ input: null }, 'input of task send is null; it takes a Standard Schema'],
    [{ input: {} }, 'input of task send is {}; it takes a Standard Schema'],
    [{ input: { '~standard': {} } }, 'input of task send is {"~standard":{}}; it takes a Standard Schema'],
    [{ run: undefined }, 'run of task send is undefined; it takes a function'],
    [{ run: 'work' }, 'run of task send is "work"; it takes a function'],
    [{ onFailed: 'work' }, 'onFailed of task send is "work"; it takes a function'],
    [{ onFailed: null }, 'onFailed of task send is null; it takes a function'],
    [{ timeout: 0 }, "timeout of task send is 0; it takes up to '14m', the platform's 15 minutes less a margin"],
    [{ timeout: '15m' }, 'timeout of task send is "15m"; it takes up to \'14m\''],
    [{ timeout: 840_001 }, "timeout of task send is 840001; it takes up to '14m'"],
    [{ timeout: 'soon' }, `timeout is "soon"; ${times}`],
    [{ timeout: Number.NaN }, `timeout is NaN; ${times}`],
    [{ retention: '59s' }, 'retention of task send is "59s"; it takes \'1m\' or longer'],
    [{ retention: -1 }, `retention is -1; ${times}`],
    [{ retry: { maxAttempts: 0 } }, 'retry.maxAttempts is 0; it takes a whole number from 1 to 100'],
    [{ retry: { delay: '1x' } }, `retry.delay is "1x"; ${times}`],
  ])('%j is refused: %s', (more, message) => {
    const defined = () => defineTask({ ...good, ...more } as typeof good, noTiers)
    expect(defined).toThrow(ChardError)
    expect(defined).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    expect(defined).toThrow(message)
  })

  test('a handler finds its own options as this', () => {
    const options = {
      ...good,
      greeting: 'hello',
      run(this: { greeting: string }) {
        return this.greeting
      },
    }
    const { definition } = defineTask(options as unknown as typeof good, noTiers)
    expect(definition.run({} as never, {} as never)).toBe('hello')
  })

  test("no task can have the name under which another one's onFailed is recorded", () => {
    expect(() => defineTask({ ...good, name: onFailedTask('send') }, noTiers)).toThrow('name is "send/onFailed"')
  })
})

describe('a call', () => {
  const untouched: TaskRequest['options'] = {
    key: undefined,
    delayMs: 0,
    at: undefined,
    expiresInMs: undefined,
    priority: 0,
    tags: [],
    startNow: false,
    trace: undefined,
  }

  test('background hands over the input and its tags', async () => {
    const { calls, tiers } = recording()
    const task = defineTask(good, tiers)
    await task.background({ n: 1 })
    await task.background({ n: 2 }, { tags: ['a'] })
    expect(calls).toEqual([
      { tier: 'background', task: task.definition, requests: [{ input: { n: 1 }, options: untouched }] },
      {
        tier: 'background',
        task: task.definition,
        requests: [{ input: { n: 2 }, options: { ...untouched, tags: ['a'] } }],
      },
    ])
  })

  test('enqueue hands over one request and returns its job', async () => {
    const { calls, tiers } = recording()
    const job = await defineTask(good, tiers).enqueue({ n: 1 }, { idempotencyKey: 'k', delay: '1m' })
    expect(job).toEqual({ id: 'job 0' })
    expect(calls[0]?.requests).toEqual([
      { input: { n: 1 }, options: { ...untouched, key: { key: 'k', rule: { kind: 'kept' } }, delayMs: 60_000 } },
    ])
  })

  test('enqueueMany takes options for all, or makes them for each', async () => {
    const { calls, tiers } = recording()
    const task = defineTask(good, tiers)
    const inputs = [{ n: 1 }, { n: 2 }]
    await expect(task.enqueueMany(inputs, { priority: 5 })).resolves.toEqual([{ id: 'job 0' }, { id: 'job 1' }])
    await task.enqueueMany(inputs, ({ n }, index) => ({ idempotencyKey: `${n}/${index}` }))
    expect(calls.map(({ requests }) => requests.map(({ options }) => [options.priority, options.key?.key]))).toEqual([
      [
        [5, undefined],
        [5, undefined],
      ],
      [
        [0, '1/0'],
        [0, '2/1'],
      ],
    ])
  })

  test.each([
    ['background', (task: ReturnType<typeof long>) => task.background({ n: 1 }), 'background'],
    [
      'startNow',
      (task: ReturnType<typeof long>) => task.enqueue({ n: 1 }, { startNow: true }),
      'enqueue with startNow',
    ],
  ])('%s of a task that may take more than 25 s is refused before anything is done', async (_, call, tier) => {
    const { calls, tiers } = recording()
    await expect(call(long(tiers))).rejects.toMatchObject({
      code: 'too-long',
      message: `task send has a timeout of 25.001 s; ${tier} takes up to 25 s, because the platform cuts work 30 s after the response. Use enqueue`,
    })
    expect(calls).toEqual([])
  })

  test('enqueue of a task that may take more than 25 s is accepted', async () => {
    const { calls, tiers } = recording()
    await long(tiers).enqueue({ n: 1 })
    expect(calls).toHaveLength(1)
  })

  test('one bad option of many refuses the whole call before anything is done', async () => {
    const { calls, tiers } = recording()
    const options = (_: unknown, index: number) => ({ priority: index === 1 ? 0.5 : 0 })
    await expect(defineTask(good, tiers).enqueueMany([{ n: 1 }, { n: 2 }], options)).rejects.toMatchObject({
      code: 'invalid-option',
    })
    expect(calls).toEqual([])
  })

  function long(tiers: Tiers) {
    return defineTask({ ...good, timeout: 25_001 }, tiers)
  }
})

describe('checkedEnqueueOptions', () => {
  test('accepts the bounds of every option, and keeps each tag once', () => {
    const idempotencyKey = 'k'.repeat(512)
    const tags = Array.from({ length: 16 }, (_, index) => String.fromCharCode(97 + index).repeat(128))
    const at = new Date('2188-12-31')
    expect(checkedEnqueueOptions({ idempotencyKey, priority: -1_000, tags, at, startNow: true })).toEqual({
      key: { key: idempotencyKey, rule: { kind: 'kept' } },
      delayMs: 0,
      at: at.getTime(),
      expiresInMs: undefined,
      priority: -1_000,
      tags,
      startNow: true,
    })
    expect(checkedEnqueueOptions({ tags: ['a', 'b', 'a'], at: new Date(-5) })).toMatchObject({
      tags: ['a', 'b'],
      at: -5,
    })
    expect(checkedEnqueueOptions({ priority: 1_000, delay: '3653d' })).toMatchObject({ priority: 1_000 })
  })

  const priorities = 'it takes a whole number from -1000 to 1000'
  const tags = 'it takes up to 16 strings of 1 to 128 characters'
  test.each<[options: object, message: string]>([
    [{ idempotencyKey: '' }, 'idempotencyKey is ""; it takes a string of 1 to 512 characters'],
    [{ idempotencyKey: 5 }, 'idempotencyKey is 5; it takes a string of 1 to 512 characters'],
    [
      { idempotencyKey: 'k'.repeat(513) },
      `idempotencyKey is "${'k'.repeat(199)}; it takes a string of 1 to 512 characters`,
    ],
    [{ delay: '1s', at: new Date(0) }, 'it takes a Date, when delay is left out'],
    [{ delay: 'soon' }, 'delay is "soon"; it takes milliseconds or a string such as'],
    [{ delay: -1 }, 'delay is -1; it takes milliseconds or a string such as'],
    [{ at: 5 }, 'at is 5; it takes a valid Date before the year 2189'],
    [{ at: '2030-01-01' }, 'at is "2030-01-01"; it takes a valid Date before the year 2189'],
    [{ at: new Date('never') }, 'at is Invalid Date; it takes a valid Date before the year 2189'],
    [{ at: new Date('2300-01-01') }, 'it takes a valid Date before the year 2189'],
    [{ priority: 1_001 }, `priority is 1001; ${priorities}`],
    [{ priority: 0.5 }, `priority is 0.5; ${priorities}`],
    [{ priority: Number.NaN }, `priority is NaN; ${priorities}`],
    [{ priority: 'high' }, `priority is "high"; ${priorities}`],
    [{ tags: 'a' }, `tags is "a"; ${tags}`],
    [{ tags: [''] }, `tags is [""]; ${tags}`],
    [{ tags: [1] }, `tags is [1]; ${tags}`],
    [{ tags: ['a'.repeat(129)] }, tags],
    [{ tags: Array.from({ length: 17 }, (_, index) => `${index}`) }, tags],
  ])('%j is refused: %s', (options, message) => {
    const checked = () => checkedEnqueueOptions(options as EnqueueOptions)
    expect(checked).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    expect(checked).toThrow(message)
  })

  test('a value that cannot be shown is refused by its type', () => {
    expect(() => checkedEnqueueOptions({ priority: 5n as never })).toThrow(`priority is bigint; ${priorities}`)
  })
})
