import { describe, expect, test } from 'vitest'
import { checkedEnqueueOptions, type EnqueueOptions } from '../../../src/engine/task/enqueue-options.ts'
import { ChardError } from '../../../src/engine/task/errors.ts'
import { isCoalescing, looksBackMs, type Unique, type UniqueRule, uniqueRule } from '../../../src/engine/task/unique.ts'

describe('unique', () => {
  test.each<[unique: Unique, rule: UniqueRule, because: string]>([
    [{ key: 'k' }, { kind: 'finished' }, 'without more a key is held until its job has finished'],
    [{ key: 'k', window: '1m' }, { kind: 'window', ms: 60_000 }, 'a window is a time'],
    [{ key: 'k', debounce: 500 }, { kind: 'debounce', ms: 500 }, 'a number is milliseconds'],
    [
      { key: 'k', debounce: '1s', maxWait: '1s' },
      { kind: 'debounce', ms: 1_000, maxWaitMs: 1_000 },
      'the longest wait may be the rest itself',
    ],
    [{ key: 'k', throttle: 1 }, { kind: 'throttle', ms: 1 }, 'a millisecond is the shortest time'],
    [{ key: 'k', rerun: true }, { kind: 'rerun' }, 'a rerun takes no time'],
    [{ key: 'k', window: undefined } as never, { kind: 'finished' }, 'undefined is left out'],
  ])('%j is %j, because %s', (unique, rule) => {
    expect(uniqueRule(unique)).toEqual({ key: 'k', rule })
  })

  test('a key has 1 to 512 characters', () => {
    expect(uniqueRule({ key: 'k'.repeat(512) }).key).toHaveLength(512)
  })

  const keys = 'it takes a string of 1 to 512 characters'
  const times = "it takes milliseconds or a string such as '30s', '5m', '2h' or '7d', up to ten years"
  test.each<[unique: unknown, message: string]>([
    [undefined, "unique is undefined; it takes an object such as { key: 'account:1' }"],
    [null, "unique is null; it takes an object such as { key: 'account:1' }"],
    ['k', 'unique is "k"; it takes an object such as'],
    [{}, `unique.key is undefined; ${keys}`],
    [{ key: '' }, `unique.key is ""; ${keys}`],
    [{ key: 5 }, `unique.key is 5; ${keys}`],
    [{ key: 'k'.repeat(513) }, `unique.key is "${'k'.repeat(199)}; ${keys}`],
    [
      { key: 'k', windows: '1m' },
      'unique.windows is "set"; it takes one of key, window, debounce, maxWait, throttle, rerun',
    ],
    [{ key: 'k', window: '1m', debounce: '1s' }, 'unique is "window and debounce"; it takes one of them'],
    [{ key: 'k', throttle: '1m', rerun: true }, 'unique is "throttle and rerun"; it takes one of them'],
    [{ key: 'k', window: 0 }, 'unique.window is 0; it takes 1 ms or longer'],
    [{ key: 'k', window: 'soon' }, `unique.window is "soon"; ${times}`],
    [{ key: 'k', window: null }, `unique.window is null; ${times}`],
    [{ key: 'k', throttle: '0s' }, 'unique.throttle is "0s"; it takes 1 ms or longer'],
    [{ key: 'k', debounce: 0.4 }, 'unique.debounce is 0.4; it takes 1 ms or longer'],
    [{ key: 'k', debounce: '1s', maxWait: 0 }, 'unique.maxWait is 0; it takes 1 ms or longer'],
    [{ key: 'k', debounce: '1s', maxWait: 999 }, 'unique.maxWait is 999; it takes at least the debounce of 1000 ms'],
    [{ key: 'k', maxWait: '1s' }, 'unique.maxWait is "1s"; it takes a value beside debounce alone'],
    [{ key: 'k', window: '1s', maxWait: '1s' }, 'unique.maxWait is "1s"; it takes a value beside debounce alone'],
    [{ key: 'k', rerun: false }, 'unique.rerun is false; it takes true, or nothing'],
    [{ key: 'k', rerun: 'yes' }, 'unique.rerun is "yes"; it takes true, or nothing'],
  ])('%j is refused: %s', (unique, message) => {
    const checked = () => uniqueRule(unique as Unique)
    expect(checked).toThrow(ChardError)
    expect(checked).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    expect(checked).toThrow(message)
  })

  test('a key that cannot be shown is refused by its type', () => {
    expect(() => uniqueRule({ key: 5n as never })).toThrow(`unique.key is bigint; ${keys}`)
  })

  test.each<[rule: UniqueRule, coalesces: boolean, backMs: number, because: string]>([
    [{ kind: 'kept' }, false, 0, 'its job is kept as long as it is'],
    [{ kind: 'finished' }, false, 0, 'a finished job no longer matters'],
    [{ kind: 'window', ms: 5 }, false, 5, 'a finished job answers until the window is over'],
    [{ kind: 'debounce', ms: 5 }, true, 0, 'only a waiting job takes the input'],
    [{ kind: 'throttle', ms: 5 }, true, 5, 'the start of a finished job counts'],
    [{ kind: 'rerun' }, true, 0, 'only what runs or waits matters'],
  ])('%j takes the newest input: %s, and looks back %i ms, because %s', (rule, coalesces, backMs) => {
    expect([isCoalescing(rule), looksBackMs(rule)]).toEqual([coalesces, backMs])
  })
})

describe('unique beside other options', () => {
  test.each<[options: EnqueueOptions, because: string]>([
    [{ unique: { key: 'k' }, delay: '1m' }, 'a key says nothing of time'],
    [{ unique: { key: 'k' }, startNow: true }, 'a job of a key may start here'],
    [{ unique: { key: 'k', window: '1m' }, startNow: true }, 'so may one of a window'],
    [{ unique: { key: 'k', rerun: true }, delay: '1m' }, 'a rerun has no time of its own'],
    [{ unique: { key: 'k', debounce: '1s' }, expiresIn: '2s' }, 'it can start before its deadline'],
  ])('%j is taken, because %s', (options) => {
    expect(checkedEnqueueOptions(options).key?.key).toBe('k')
  })

  test.each<[options: EnqueueOptions, message: string]>([
    [
      { unique: { key: 'k' }, idempotencyKey: 'k' },
      'idempotencyKey is "k"; it takes a value when unique is left out: both are about one key',
    ],
    [
      { unique: { key: 'k', debounce: '1s' }, startNow: true },
      'startNow is true; it takes false beside unique with debounce, which may wait',
    ],
    [{ unique: { key: 'k', throttle: '1s' }, startNow: true }, 'false beside unique with throttle, which may wait'],
    [{ unique: { key: 'k', rerun: true }, startNow: true }, 'false beside unique with rerun, which may wait'],
    [
      { unique: { key: 'k', debounce: '1s' }, delay: 0 },
      'delay is 0; it takes no value beside debounce, which sets the time itself',
    ],
    [
      { unique: { key: 'k', throttle: '1s' }, at: new Date(0) },
      'it takes no value beside throttle, which sets the time itself',
    ],
    [
      { unique: { key: 'k', debounce: '1s' }, expiresIn: '1s' },
      'expiresIn is "1s"; it takes more than the 1000 ms for which the job may have to wait',
    ],
    [
      { unique: { key: 'k', throttle: '1m' }, expiresIn: '1s' },
      'it takes more than the 60000 ms for which the job may have to wait',
    ],
  ])('%j is refused: %s', (options, message) => {
    const checked = () => checkedEnqueueOptions(options)
    expect(checked).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    expect(checked).toThrow(message)
  })
})

describe('expiresIn', () => {
  test.each<[options: EnqueueOptions, ms: number | undefined, because: string]>([
    [{}, undefined, 'a job waits for ever'],
    [{ expiresIn: '5m' }, 300_000, 'it is a duration'],
    [{ expiresIn: 1 }, 1, 'a millisecond is enough to start at once'],
    [{ expiresIn: '3653d' }, 315_619_200_000, 'ten years are the longest'],
    [{ expiresIn: '2m', delay: '1m' }, 120_000, 'it is counted from the call, as the delay'],
  ])('of %j is %j ms, because %s', (options, ms) => {
    expect(checkedEnqueueOptions(options).expiresInMs).toBe(ms)
  })

  test.each<[options: object, message: string]>([
    [{ expiresIn: 0 }, 'expiresIn is 0; it takes more than the 0 ms for which the job may have to wait'],
    [{ expiresIn: '1m', delay: '1m' }, 'expiresIn is "1m"; it takes more than the 60000 ms'],
    [{ expiresIn: '1m', delay: '2m' }, 'expiresIn is "1m"; it takes more than the 120000 ms'],
    [{ expiresIn: 'soon' }, 'expiresIn is "soon"; it takes milliseconds or a string such as'],
    [{ expiresIn: -1 }, 'expiresIn is -1; it takes milliseconds or a string such as'],
    [{ expiresIn: new Date(5) }, 'it takes milliseconds or a string such as'],
  ])('%j is refused: %s', (options, message) => {
    const checked = () => checkedEnqueueOptions(options as EnqueueOptions)
    expect(checked).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    expect(checked).toThrow(message)
  })
})
