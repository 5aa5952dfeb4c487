import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineTask, type Tiers } from '../../../src/engine/task/define-task.ts'
import { ChardError } from '../../../src/engine/task/errors.ts'
import {
  catchUps,
  cronCharsMax,
  defineSchedule,
  everyMsMin,
  jitterMsMax,
  jitterOffsetMs,
  overlaps,
  type ScheduleOptions,
} from '../../../src/engine/task/schedule.ts'

const noTiers: Tiers = { background: async () => {}, enqueue: async () => [] }
const task = defineTask(
  { name: 'report', input: z.object({ n: z.number().default(1) }), run: ({ n }) => ({ n }) },
  noTiers,
)
const good = { name: 'nightly', cron: '0 3 * * *', task, input: { n: 2 } }
const { cron: _, ...timeless } = good

describe('defineSchedule', () => {
  test('returns the schedule with every default', () => {
    expect(defineSchedule(good)).toEqual({
      name: 'nightly',
      rule: { cron: '0 3 * * *', timezone: 'UTC' },
      ruleText: '{"cron":"0 3 * * *","timezone":"UTC","jitterMs":0}',
      task: task.definition,
      input: '{"n":2}',
      catchUp: 'latest',
      overlap: 'skip',
      jitterMs: 0,
      priority: 0,
      tags: [],
      expiresInMs: undefined,
    })
  })

  test('takes every option', () => {
    const options = { catchUp: 'all', overlap: 'cancel', priority: -5, tags: ['a', 'a'], expiresIn: '1h' } as const
    expect(defineSchedule({ ...good, ...options, timezone: 'Europe/Berlin', jitter: '10m' })).toMatchObject({
      rule: { cron: '0 3 * * *', timezone: 'Europe/Berlin' },
      ruleText: '{"cron":"0 3 * * *","timezone":"Europe/Berlin","jitterMs":600000}',
      catchUp: 'all',
      overlap: 'cancel',
      jitterMs: 600_000,
      priority: -5,
      tags: ['a'],
      expiresInMs: 3_600_000,
    })
  })

  test.each<[more: Partial<ScheduleOptions<{ n: number }>>, rule: object, because: string]>([
    [{ every: '1s' }, { everyMs: everyMsMin }, 'a second is the shortest'],
    [{ every: '3653d' }, { everyMs: 315_619_200_000 }, 'ten years are the longest'],
    [{ every: 1_500 }, { everyMs: 1_500 }, 'parts of seconds are taken above that'],
    [{ every: '1h', jitter: 3_599_999 }, { everyMs: 3_600_000 }, 'a jitter is less than the interval'],
    [{ cron: '  0   3 *\t* * ' }, { cron: '0 3 * * *', timezone: 'UTC' }, 'spaces say nothing'],
    [{ cron: '*/10 * * * * *' }, { cron: '*/10 * * * * *', timezone: 'UTC' }, 'six fields have seconds'],
    [{ cron: '@daily' }, { cron: '@daily', timezone: 'UTC' }, 'names stand for rules'],
    [{ cron: '0 0 LW * *' }, { cron: '0 0 LW * *', timezone: 'UTC' }, 'there is a last working day'],
    [{ cron: '0 0 29 2 *' }, { cron: '0 0 29 2 *', timezone: 'UTC' }, 'what is rare does fire'],
    [{ cron: '0 0 0 1 1 * 2001' }, { cron: '0 0 0 1 1 * 2001', timezone: 'UTC' }, 'years that are over are no mistake'],
    [{ cron: '0 3 * * *', jitter: '24h' }, { cron: '0 3 * * *', timezone: 'UTC' }, 'a day is the longest jitter'],
  ])('%j is the rule %j, because %s', (more, rule) => {
    const definition = defineSchedule({ ...timeless, ...more })
    expect(definition.rule).toEqual(rule)
    expect(JSON.parse(definition.ruleText)).toEqual({ ...rule, jitterMs: definition.jitterMs })
  })

  test('options that are undefined count as left out', () => {
    const unsaid = { every: undefined, timezone: undefined, catchUp: undefined, overlap: undefined, jitter: undefined }
    const more = { ...unsaid, priority: undefined, tags: undefined, expiresIn: undefined }
    expect(defineSchedule({ ...good, ...more } as unknown as typeof good)).toEqual(defineSchedule(good))
  })

  test.each([...catchUps])('takes catchUp %j', (catchUp) => {
    expect(defineSchedule({ ...good, catchUp }).catchUp).toBe(catchUp)
  })

  test.each([...overlaps])('takes overlap %j', (overlap) => {
    expect(defineSchedule({ ...good, overlap }).overlap).toBe(overlap)
  })

  const names = 'it takes up to 100 letters, digits and . _ : -, the first a letter or digit'
  const times = "it takes milliseconds or a string such as '30s', '5m', '2h' or '7d', up to ten years"
  const fields = "it takes five fields such as '30 9 * * 1-5', or six, the first of them seconds"
  const zones = "it takes the name of an IANA time zone, such as 'Europe/Berlin'"
  const all = 'name, cron, every, timezone, task, input, catchUp, overlap, jitter, priority, tags, expiresIn'
  test.each<[more: object, message: string]>([
    [{ name: '' }, `name is ""; ${names}`],
    [{ name: undefined }, `name is undefined; ${names}`],
    [{ name: 'every night' }, `name is "every night"; ${names}`],
    [{ name: 'a'.repeat(101) }, `name is "${'a'.repeat(101)}"; ${names}`],
    [
      { timeZone: 'UTC' },
      `timeZone of schedule nightly is "UTC"; it takes nothing, because there is no such option. The options are ${all}`,
    ],
    [{ toString: 1 }, 'toString of schedule nightly is 1; it takes nothing, because there is no such option.'],
    [{ delay: '1s' }, 'delay of schedule nightly is "1s"; it takes nothing, because there is no such option.'],
    [{ task: undefined }, 'task of schedule nightly is undefined; it takes a task that chard.task() has made'],
    [{ task: 'report' }, 'task of schedule nightly is "report"; it takes a task'],
    [{ task: { name: 'report' } }, 'task of schedule nightly is {"name":"report"}; it takes a task'],
    [{ cron: undefined }, `cron of schedule nightly is undefined; ${fields}, when every is left out`],
    [{ every: '1h' }, 'every of schedule nightly is "1h"; it takes a duration, when cron is left out'],
    [{ cron: 5 }, `cron of schedule nightly is 5; ${fields}, in up to 500 characters`],
    [{ cron: null }, `cron of schedule nightly is null; ${fields}, in up to 500 characters`],
    [{ cron: `${'1,'.repeat(250)}1 * * * *` }, `${fields}, in up to 500 characters`],
    [{ cron: '' }, `cron of schedule nightly is ""; ${fields}. invalid configuration format ('')`],
    [{ cron: '* * * *' }, `cron of schedule nightly is "* * * *"; ${fields}. invalid configuration format ('* * * *')`],
    [{ cron: '61 * * * *' }, `cron of schedule nightly is "61 * * * *"; ${fields}. Invalid value for minute: 61`],
    [{ cron: '5/15 * * * *' }, `${fields}. Syntax error, stepping with numeric prefix ('5/15') is not allowed.`],
    [{ cron: '@reboot' }, `${fields}. @reboot is not supported`],
    [{ cron: 'every day' }, `${fields}. invalid configuration format ('every day')`],
    [{ cron: '2030-01-01T00:00:00' }, `${fields}. invalid configuration format ('2030-01-01T00:00:00')`],
    [
      { cron: '0 0 30 2 *' },
      'cron of schedule nightly is "0 0 30 2 *"; it takes a rule that fires some day; this one never does',
    ],
    [{ cron: '0 0 0 1 1 * 2500' }, 'it takes a rule that fires some day; this one never does'],
    [{ timezone: 'Mars/Base' }, `timezone of schedule nightly is "Mars/Base"; ${zones}`],
    [{ timezone: '' }, `timezone of schedule nightly is ""; ${zones}`],
    [{ timezone: '+02:00' }, `timezone of schedule nightly is "+02:00"; ${zones}`],
    [{ timezone: null }, `timezone of schedule nightly is null; ${zones}`],
    [{ timezone: 60 }, `timezone of schedule nightly is 60; ${zones}`],
    [
      { cron: undefined, every: '1h', timezone: 'UTC' },
      'timezone of schedule nightly is "UTC"; it takes a value beside cron, and none beside every, which counts elapsed time',
    ],
    [{ cron: undefined, every: 999 }, "every of schedule nightly is 999; it takes '1s' or longer"],
    [{ cron: undefined, every: 0 }, "every of schedule nightly is 0; it takes '1s' or longer"],
    [{ cron: undefined, every: '3654d' }, `every of schedule nightly is "3654d"; ${times}`],
    [{ cron: undefined, every: 'daily' }, `every of schedule nightly is "daily"; ${times}`],
    [{ catchUp: 'none' }, "catchUp of schedule nightly is \"none\"; it takes 'skip', 'latest' or 'all'"],
    [{ catchUp: null }, 'catchUp of schedule nightly is null; it takes'],
    [{ overlap: true }, "overlap of schedule nightly is true; it takes 'allow', 'skip' or 'cancel'"],
    [{ jitter: 'some' }, `jitter of schedule nightly is "some"; ${times}`],
    [{ jitter: jitterMsMax + 1 }, "jitter of schedule nightly is 86400001; it takes up to '24h'"],
    [
      { cron: undefined, every: '1m', jitter: '1m' },
      'jitter of schedule nightly is "1m"; it takes less than its interval of 60000 ms',
    ],
    [{ priority: 1_001 }, 'priority is 1001; it takes a whole number from -1000 to 1000'],
    [{ tags: [''] }, 'tags is [""]; it takes up to 16 strings of 1 to 128 characters'],
    [{ expiresIn: 'soon' }, `expiresIn is "soon"; ${times}`],
  ])('%j is refused: %s', (more, message) => {
    const defined = () => defineSchedule({ ...good, ...more } as typeof good)
    expect(defined).toThrow(ChardError)
    expect(defined).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    expect(defined).toThrow(message)
  })

  test('a rule of as many characters as may be is taken', () => {
    const cron = `0 3 * * ${'1,'.repeat(250)}`.slice(0, cronCharsMax - 1).replace(/,?$/, '')
    expect(defineSchedule({ ...good, cron }).rule).toMatchObject({ cron })
  })
})

describe('the input of a schedule', () => {
  const withInput = (input: unknown, of = task) => defineSchedule({ ...good, task: of, input: input as { n: number } })

  test('is kept as it was written, like that of a job', () => {
    const input = { n: 2 }
    const { input: text } = defineSchedule({ ...good, input })
    input.n = 3
    expect([text, withInput({}).input]).toEqual(['{"n":2}', '{}'])
  })

  test('that does not fit the schema is refused with its findings', () => {
    expect(() => withInput({ n: 'two' })).toThrow(
      expect.objectContaining({
        code: 'invalid-input',
        message: expect.stringMatching(/^input of task report does not fit its schema: n: /),
        issues: [{ path: 'n', message: expect.any(String) }],
      }),
    )
    expect(() => withInput('two')).toThrow(
      expect.objectContaining({ issues: [{ path: '', message: expect.any(String) }] }),
    )
  })

  test.each<[input: unknown, code: string]>([
    [undefined, 'invalid-input'],
    [{ n: 1n }, 'invalid-input'],
    [{ n: 1, more: 'x'.repeat(512 * 1024) }, 'too-large'],
  ])('that cannot be recorded is refused, case %#', (input, code) => {
    expect(() => withInput(input)).toThrow(expect.objectContaining({ code }))
  })

  test('is validated as the attempts will read it', () => {
    const dated = defineTask({ name: 'dated', input: z.object({ at: z.date() }), run: () => 1 }, noTiers)
    expect(() => defineSchedule({ ...good, task: dated, input: { at: new Date(0) } })).toThrow('at: ')
  })

  test('is left to the attempts when its schema is asynchronous', async () => {
    const later = (answer: () => Promise<{ value: { n: number } }>) => {
      const input = { '~standard': { version: 1, vendor: 'test', validate: answer } } as const
      return defineTask({ name: 'later', input, run: () => 1 }, noTiers)
    }
    const accepting = later(async () => ({ value: { n: 1 } }))
    const rejecting = later(() => Promise.reject(new Error('no answer')))
    expect(defineSchedule({ ...good, task: accepting, input: { n: 1 } }).input).toBe('{"n":1}')
    expect(defineSchedule({ ...good, task: rejecting, input: { n: 1 } }).input).toBe('{"n":1}')
    // A rejection that nobody handles would fail this run.
    await new Promise((resolve) => setImmediate(resolve))
  })
})

describe('jitterOffsetMs', () => {
  const name = fc.stringMatching(/^[a-z0-9][\w.:-]{0,99}$/)

  test('is a whole number from 0 up to the jitter, and the same each time', () => {
    fc.assert(
      fc.property(name, fc.integer({ min: 1, max: jitterMsMax }), (name, jitterMs) => {
        const offset = jitterOffsetMs(name, jitterMs)
        expect(Number.isInteger(offset)).toBe(true)
        expect(offset).toBeGreaterThanOrEqual(0)
        expect(offset).toBeLessThan(jitterMs)
        expect(jitterOffsetMs(name, jitterMs)).toBe(offset)
      }),
    )
  })

  test.each<[name: string, jitterMs: number, offset: number, because: string]>([
    ['nightly', 0, 0, 'there is nothing to jitter over'],
    ['nightly', 1, 0, 'a millisecond has one place'],
    ['a', 2 ** 32, 0xe40c292c, 'it is FNV-1a, as published'],
    ['foobar', 2 ** 32, 0xbf9cf968, 'a changed one would move every schedule'],
  ])('of %j over %i ms is %i, because %s', (name, jitterMs, offset) => {
    expect(jitterOffsetMs(name, jitterMs)).toBe(offset)
  })

  test('the offsets of numbered names are spread over the whole jitter', () => {
    const tenths = new Set(
      Array.from({ length: 200 }, (_, n) => Math.floor(jitterOffsetMs(`tenant-${n}`, 600_000) / 60_000)),
    )
    expect(tenths.size).toBe(10)
  })
})
