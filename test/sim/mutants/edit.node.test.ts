import { describe, expect, test } from 'vitest'
import type { Edit } from './edit.ts'
import { type Mutant, planted } from './mutant.ts'
import { engineOf, parsed } from './symbols.ts'

describe('an edit', () => {
  const source = `
/** A comment that says: b(1), 'twice'. */
export function add(a: number, b: number): number {
  // Neither is this: return a + b
  return (
    a + b
  )
}
const twice = (n: number) => add(n, n)
export const max = 10, text: string = "it's"
export class Counter {
  #count = 0
  static #made: Counter[] = []
  static { Counter.#made = [] }
  constructor(first: number) { this.#count = first }
  get count(): number { return this.#count }
  add(by: string): void
  add(by: number | string): void {
    this.#count = add(this.#count, Number(by), )
    log.write({ at: 1, /* now */ count: this.#count, })
  }
}
const rows = sql.all(\`
  SELECT id, name
  FROM jobs WHERE state = 'queued'
\`)
`
  const files = { 'room/sums.ts': source, 'room/other.ts': 'export const more = 1', 'hall/other.ts': 'const more = 2' }

  test('replaces one piece of code in a symbol, and nothing outside of it', () => {
    expect(edited({ in: 'add', find: 'a + b', replace: 'a - b' })).toBe(source.replace('    a + b', '    a - b'))
    expect(edited({ in: 'max', find: '10', replace: '11' })).toBe(source.replace('max = 10', 'max = 11'))
    expect(edited({ in: 'twice', find: 'n, n', replace: 'n, 0' })).toBe(source.replace('n, n', 'n, 0'))
    expect(edited({ in: 'Counter.add', find: 'Number(by)', replace: 'by' })).toBe(source.replace('Number(by)', 'by'))
  })

  test('finds code however it is laid out, commented and quoted', () => {
    const replaced = source.replace(/\(\s+a \+ b\s+\)/, 'b')
    expect(edited({ in: 'add', find: 'return(a+b)', replace: 'return b' })).toBe(replaced)
    expect(edited({ in: 'add', find: 'return (\n\n  a + b,\n)', replace: 'return b' })).toBe(replaced)
    expect(
      edited({ in: 'Counter.add', find: 'Number(by))\nlog.write({ at: 1', replace: 'by); log.write({ at: 2' }),
    ).toBe(source.replace(/Number\(by\).*\n.*at: 1/, 'by); log.write({ at: 2'))
    expect(edited({ in: 'Counter.add', find: 'count: this.#count }', replace: '}' })).toContain('{ at: 1, /* now */ })')
    expect(edited({ in: 'Counter.add', find: '1, count', replace: '2, count' })).toContain(
      '{ at: 2, count: this.#count',
    )
    expect(edited({ in: 'text', find: "'it\\'s'", replace: "''" })).toContain("text: string = ''\n")
  })

  test('finds a part of an SQL statement, however it is laid out', () => {
    const sql = edited({ in: 'rows', find: 'name FROM jobs', replace: 'name FROM job_rows' })
    expect(sql).toContain("SELECT id, name FROM job_rows WHERE state = 'queued'")
    expect(edited({ in: 'rows', find: `= "queued"`, replace: `<> 'queued'` })).toContain("state <> 'queued'")
  })

  test('does not find code in a comment', () => {
    expect(() => edited({ in: 'add', find: 'Neither is this', replace: '' })).toThrow('occurs 0 times')
  })

  test('replaces the body, the returned value or the value of a symbol', () => {
    expect(edited({ in: 'add', body: 'return 1' })).toContain('number): number {\nreturn 1\n}\nconst twice')
    expect(edited({ in: 'twice', returns: '0' })).toContain('const twice = (n: number) => {\nreturn 0\n}\nexport')
    expect(edited({ in: 'Counter.count', returns: '0' })).toContain('get count(): number {\nreturn 0\n}\n')
    expect(edited({ in: 'Counter.static', body: '' })).toContain('static {\n\n}\n')
    expect(edited({ in: 'max', value: '0' })).toContain('const max = 0, text')
    expect(edited({ in: 'text', value: "''" })).toContain("text: string = ''\n")
    expect(edited({ in: 'Counter.#count', value: '9' })).toContain('#count = 9\n')
  })

  test('adds statements at the beginning or at the end of a function', () => {
    expect(edited({ in: 'add', before: 'a = 1' })).toContain('{\na = 1\n\n  // Neither')
    expect(edited({ in: 'twice', before: 'n++' })).toContain('=> {\nn++\nreturn add(n, n)\n}\n')
    expect(edited({ in: 'Counter.constructor', after: 'log.made()' })).toContain('= first \nlog.made()\n}\n')
    expect(edited({ in: 'Counter.static', after: 'log.made()' })).toContain(
      'static { Counter.#made = [] \nlog.made()\n}\n',
    )
  })

  test('applies to the source as it stands, whatever the other edits of its bug change', () => {
    const swapped = edited(
      { in: 'add', find: '+', replace: '-' },
      { in: 'add', before: 'a = 1' },
      { in: 'max', value: '0' },
    )
    expect(swapped).toBe(
      source
        .replace(': number {\n', ': number {\na = 1\n\n')
        .replace('    a + b', '    a - b')
        .replace('max = 10', 'max = 0'),
    )
    const [one, other] = [
      { in: 'add', find: 'return (a', replace: '' },
      { in: 'add', find: 'a + b', replace: '' },
    ]
    expect(() => edited(one, other)).toThrow('m: two edits of room/sums.ts overlap')
  })

  test('of a symbol that several files declare names its room or its file', () => {
    expect(() => edited({ in: 'more', value: '3' })).toThrow(
      'm: the engine has 2 symbols "more": more in room/other.ts, more in hall/other.ts; name the room too',
    )
    expect(changes({ in: 'hall/more', value: '3' })).toEqual({ 'hall/other.ts': 'const more = 3' })
    expect(changes({ in: 'room/other/more', value: '3' })).toEqual({ 'room/other.ts': 'export const more = 3' })
    expect(() => edited({ in: 'other/more', value: '3' })).toThrow('the engine has 2 symbols "other/more"')
  })

  test('of a symbol that does not exist is refused, with the symbols that are named alike', () => {
    expect(() => edited({ in: 'minus', value: '3' })).toThrow(/^m: the engine has no symbol "minus"$/)
    expect(() => edited({ in: 'cellar/more', value: '3' })).toThrow(
      'the engine has no symbol "cellar/more", but it has more in room/other.ts, more in hall/other.ts',
    )
    expect(() => edited({ in: 'Meter.add', body: '' })).toThrow(
      'no symbol "Meter.add", but it has add in room/sums.ts, Counter.add in room/sums.ts',
    )
  })

  test('of code that occurs never, or more than once, is refused', () => {
    expect(() => edited({ in: 'add', find: 'a * b', replace: '' })).toThrow(
      'm: in add (room/sums.ts) this occurs 0 times; it must occur once:\na * b',
    )
    expect(() => edited({ in: 'Counter.add', find: 'this.#count', replace: '' })).toThrow('this occurs 3 times')
    expect(() => edited({ in: 'Counter.add', find: '', replace: 'a' })).toThrow('this occurs 0 times')
  })

  test('of a form that does not suit its symbol is refused', () => {
    expect(() => edited({ in: 'max', body: '' })).toThrow('m: max (room/sums.ts) is not a function')
    expect(() => edited({ in: 'Counter', before: '' })).toThrow('Counter (room/sums.ts) is not a function')
    expect(() => edited({ in: 'add', value: '1' })).toThrow('add (room/sums.ts) has no value to replace')
    expect(() => edited({ in: 'twice', after: 'n++' })).toThrow('twice (room/sums.ts) ends with the expression')
  })

  test('of an engine that does not parse is refused', () => {
    expect(() => engineOf(new Map([['a.ts', 'let = 1 +']]))).toThrow('a.ts does not parse')
  })

  /** The files that these edits change. */
  function changes(...edits: Edit[]): Record<string, string> {
    const mutant: Mutant = { name: 'm', breaks: ['I1'], seen: 'Here.', edits }
    return Object.fromEntries(planted(mutant, engineOf(new Map(Object.entries(files)))))
  }

  /** The long file after these edits, which must still parse. */
  function edited(...edits: Edit[]): string {
    const { 'room/sums.ts': text = source } = changes(...edits)
    parsed('room/sums.ts', text)
    return text
  }
})
