import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Duration, durationMs } from '../../../src/engine/task/duration.ts'
import { ChardError } from '../../../src/engine/task/errors.ts'

describe('durationMs', () => {
  test.each<[value: Duration, ms: number, because: string]>([
    [0, 0, 'no wait is a wait'],
    [1, 1, 'a number is milliseconds'],
    [1.4, 1, 'milliseconds are whole'],
    ['0s', 0, 'nothing in any unit is nothing'],
    ['250ms', 250, 'ms are milliseconds'],
    ['30s', 30_000, 's are seconds'],
    ['5m', 300_000, 'm are minutes, not months'],
    ['2h', 7_200_000, 'h are hours'],
    ['7d', 604_800_000, 'd are days'],
    ['1.5h', 5_400_000, 'fractions are allowed'],
    ['0.0005s', 1, 'and rounded'],
    ['007s', 7_000, 'leading zeros say nothing'],
    ['3653d', 315_619_200_000, 'ten years are the longest'],
    [315_619_200_000, 315_619_200_000, 'in milliseconds too'],
  ])('%j is %i ms, because %s', (value, ms) => {
    expect(durationMs(value, 'timeout')).toBe(ms)
  })

  test.each<[value: unknown, shown: string, because: string]>([
    ['', '""', 'nothing says nothing'],
    ['5', '"5"', 'a string needs a unit'],
    ['m', '"m"', 'a unit needs digits'],
    ['5 m', '"5 m"', 'there is no space'],
    [' 5m', '" 5m"', 'nor around it'],
    ['5m ', '"5m "', 'nor behind it'],
    ['5m\n', '"5m\\n"', 'nor a line'],
    ['5M', '"5M"', 'units are small letters'],
    ['5w', '"5w"', 'weeks are not taken'],
    ['5min', '"5min"', 'units have one spelling'],
    ['1h30m', '"1h30m"', 'one unit at a time'],
    ['.5s', '".5s"', 'a fraction has a whole part'],
    ['5.s', '"5.s"', 'and a point has digits behind it'],
    ['-5s', '"-5s"', 'time goes forward'],
    ['1e3s', '"1e3s"', 'exponents are for numbers'],
    ['٣s', '"٣s"', 'digits are those of ASCII'],
    ['3654d', '"3654d"', 'more than ten years is a mistake of units'],
    [`${'9'.repeat(400)}s`, `"${'9'.repeat(400)}s"`, 'so is infinity'],
    [-1, '-1', 'time goes forward'],
    [Number.NaN, 'NaN', 'it is no number'],
    [Number.POSITIVE_INFINITY, 'Infinity', 'there is an end'],
    [315_619_200_001, '315619200001', 'ten years are the longest'],
    [null, 'null', 'it is no duration'],
    [5n, '5', 'nor is a bigint'],
    [{}, '[object Object]', 'nor an object'],
    [[], '', 'nor a list'],
  ])('%s is refused as %s, because %s', (value, shown) => {
    let refusal: unknown
    try {
      durationMs(value as Duration, 'retry.delay')
    } catch (error) {
      refusal = error
    }
    expect(refusal).toBeInstanceOf(ChardError)
    expect(refusal).toMatchObject({ code: 'invalid-option' })
    expect((refusal as Error).message).toBe(
      `retry.delay is ${shown}; it takes milliseconds or a string such as '30s', '5m', '2h' or '7d', up to ten years`,
    )
  })

  test('every whole number of every unit is that many of it', () => {
    const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
    fc.assert(
      fc.property(fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])), fc.nat(3_653), (unit, count) => {
        expect(durationMs(`${count}${unit}`, 'x')).toBe(count * units[unit])
      }),
    )
  })

  test('any text is a duration or is refused with a ChardError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\d.]{0,6}(ms|s|m|h|d|w)?$/)), (text) => {
        try {
          expect(durationMs(text as Duration, 'x')).toBeGreaterThanOrEqual(0)
        } catch (error) {
          expect(error).toBeInstanceOf(ChardError)
        }
      }),
    )
  })
})
