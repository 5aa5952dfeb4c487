import { Buffer } from 'node:buffer'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { fitsBytes, inputBytesMax, utf8Bytes } from '../../../src/engine/task/bounds.ts'
import { ChardError } from '../../../src/engine/task/errors.ts'
import { serialised, validated } from '../../../src/engine/task/schema.ts'

/** A schema of no library, which finds what it is told to find. */
function finding(issues: readonly StandardSchemaV1.Issue[]): StandardSchemaV1 {
  return { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues }) } }
}

describe('validated', () => {
  const schema = z.object({ to: z.object({ address: z.email() }), count: z.number().default(1) })

  test('returns the value as the schema makes it', async () => {
    await expect(validated(schema, { to: { address: 'a@b.org' } }, 'send')).resolves.toEqual({
      to: { address: 'a@b.org' },
      count: 1,
    })
  })

  test('waits for an asynchronous schema', async () => {
    const later = z.string().refine(async (text) => text === 'good')
    await expect(validated(later, 'good', 'send')).resolves.toBe('good')
    await expect(validated(later, 'bad', 'send')).rejects.toThrow(ChardError)
  })

  test('refuses with every finding and its path', async () => {
    const refusal = validated(schema, { to: { address: 'nobody' }, count: 'x' }, 'send')
    await expect(refusal).rejects.toMatchObject({
      code: 'invalid-input',
      message: expect.stringMatching(/^input of task send does not fit its schema: to\.address: .+; count: .+$/),
      issues: [
        { path: 'to.address', message: expect.any(String) },
        { path: 'count', message: expect.any(String) },
      ],
    })
  })

  test.each<[path: StandardSchemaV1.Issue['path'], shown: string]>([
    [undefined, ''],
    [[], ''],
    [['a', 0, 'b'], 'a.0.b'],
    [[{ key: 'a' }, { key: 1 }], 'a.1'],
    [[Symbol('s')], 'Symbol(s)'],
  ])('a path of %j reads %j', async (path, shown) => {
    const issue = { message: 'no', ...(path && { path }) }
    const refusal = validated(finding([issue]), 1, 'send')
    const summary = shown ? `${shown}: no` : 'no'
    await expect(refusal).rejects.toMatchObject({
      message: `input of task send does not fit its schema: ${summary}`,
      issues: [{ path: shown, message: 'no' }],
    })
  })

  test('shows twenty findings at most', async () => {
    const issues = Array.from({ length: 1_000 }, () => ({ message: 'no' }))
    const refusal = await validated(finding(issues), 1, 'send').catch((error: ChardError) => error)
    expect((refusal as ChardError).issues).toHaveLength(20)
  })
})

describe('serialised', () => {
  test('is the text at the call, whatever happens to the object later', () => {
    const input = { n: 1 }
    const text = serialised(input, 'send')
    input.n = 2
    expect(text).toBe('{"n":1}')
  })

  test('any JSON value comes back as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(serialised(value, 'send'))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  const circular: { self?: unknown } = {}
  circular.self = circular
  test.each<[what: string, input: unknown, message: string]>([
    ['nothing', undefined, 'input of task send is undefined; it takes a JSON value'],
    ['a function', () => 1, 'input of task send is function; it takes a JSON value'],
    ['a symbol', Symbol('s'), 'input of task send is symbol; it takes a JSON value'],
    ['a bigint', { n: 1n }, 'input of task send is not JSON: '],
    ['a circle', circular, 'input of task send is not JSON: '],
    [
      'a toJSON that throws',
      {
        toJSON: () => {
          throw new Error('not me')
        },
      },
      'input of task send is not JSON: not me',
    ],
    ['a toJSON of nothing', { toJSON: () => undefined }, 'input of task send is object; it takes a JSON value'],
  ])('%s is refused', (_, input, message) => {
    const refused = () => serialised(input, 'send')
    expect(refused).toThrow(expect.objectContaining({ code: 'invalid-input' }))
    expect(refused).toThrow(message)
  })

  test.each([
    ['of one byte each', 'x', inputBytesMax - 2],
    ['of two bytes each', 'é', (inputBytesMax - 2) / 2],
    ['of three bytes each', '漢', Math.floor((inputBytesMax - 2) / 3)],
    ['of four bytes each', '\u{1f600}', Math.floor((inputBytesMax - 2) / 4)],
  ])('%s, 512 KiB of characters are taken and one more is refused', (_, character, count) => {
    expect(JSON.parse(serialised(character.repeat(count), 'send'))).toHaveLength(character.length * count)
    const refused = () => serialised(character.repeat(count + 1), 'send')
    expect(refused).toThrow(expect.objectContaining({ code: 'too-large' }))
    expect(refused).toThrow('input of task send is over 512 KiB of JSON; store it in R2 and enqueue its key')
  })
})

describe('bytes of a text', () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom('a', 'é', '漢', '\u{1f600}'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
  })

  test('are counted as they are written', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(utf8Bytes(value)).toBe(Buffer.byteLength(value))
      }),
    )
  })

  test('fit exactly when there are no more than the bound', () => {
    fc.assert(
      fc.property(text, fc.nat(60), (value, max) => {
        expect(fitsBytes(value, max)).toBe(Buffer.byteLength(value) <= max)
      }),
    )
  })
})
