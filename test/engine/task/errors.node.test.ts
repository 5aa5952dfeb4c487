import { describe, expect, test } from 'vitest'
import { ChardError } from '../../../src/engine/task/errors.ts'
import { isSnooze, NonRetryableError, RetryAfterError, snooze } from '../../../src/engine/task/handler-outcomes.ts'
import type { JobRecord } from '../../../src/engine/task/job.ts'
import { JobFailedError } from '../../../src/engine/task/job-failed-error.ts'

describe('ChardError', () => {
  test('carries its code, its cause and the findings of a schema', () => {
    const cause = new Error('below')
    const issues = [{ path: 'email', message: 'is missing' }]
    const error = new ChardError('invalid-input', 'no', { cause, issues })
    expect(error).toMatchObject({ name: 'ChardError', code: 'invalid-input', message: 'no', cause, issues })
    expect(new ChardError('gone', 'no').issues).toBeUndefined()
    expect(error).toBeInstanceOf(Error)
  })
})

describe('JobFailedError', () => {
  const record: JobRecord = {
    id: '3-01',
    task: 'send',
    state: 'failed',
    attempt: 1,
    maxAttempts: 1,
    priority: 0,
    tags: [],
    createdAt: 0,
    input: {},
    history: [],
  }

  test.each<[more: Partial<JobRecord>, message: string]>([
    [{}, 'job 3-01 (send) is failed'],
    [{ state: 'cancelled' }, 'job 3-01 (send) is cancelled'],
    [{ reason: 'crashed' }, 'job 3-01 (send) is failed, crashed'],
    [
      { reason: 'exhausted', error: { name: 'E', message: 'no luck' } },
      'job 3-01 (send) is failed, exhausted: no luck',
    ],
  ])('of %j says %s', (more, message) => {
    const error = new JobFailedError({ ...record, ...more })
    expect(error).toMatchObject({ name: 'JobFailedError', code: 'job-failed', message })
    expect(error.record).toEqual({ ...record, ...more })
    expect(error).toBeInstanceOf(ChardError)
  })
})

describe('what a handler throws', () => {
  test('NonRetryableError is an Error with a name and a cause', () => {
    const cause = new Error('below')
    expect(new NonRetryableError('never', { cause })).toMatchObject({
      name: 'NonRetryableError',
      message: 'never',
      cause,
    })
  })

  test('RetryAfterError has a time, and its message is optional', () => {
    const when = new Date(5)
    expect(new RetryAfterError('90s')).toMatchObject({
      name: 'RetryAfterError',
      when: '90s',
      message: 'asked to be retried later',
    })
    expect(new RetryAfterError(when, 'busy')).toMatchObject({ when, message: 'busy' })
  })
})

describe('snooze', () => {
  test('is distinguished from everything else that a handler may return', () => {
    expect(isSnooze(snooze('5m'))).toBe(true)
    expect(snooze('5m')).toMatchObject({ duration: '5m' })
    for (const other of [undefined, null, 0, '', 'snooze', {}, { duration: '5m' }, [], () => snooze(1)])
      expect(isSnooze(other)).toBe(false)
  })

  test('is recognised by a registered symbol, so that two copies of the engine in one bundle agree', () => {
    expect(isSnooze({ [Symbol.for('chard.snooze')]: true, duration: 1 })).toBe(true)
  })
})
