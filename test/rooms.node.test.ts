/** The house rules that a machine can hold: which way imports point, and what may not enter the core. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const src = resolve(import.meta.dirname, '../src')
/** What scripts/page.ts makes. */
const made = 'admin/page-files.ts'
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
  (name) => /(?<!\.d)\.tsx?$/.test(name) && name !== made,
)

/** The rooms from the ground up. A file may import from its own room and from those below. */
const storeys = ['engine/task', 'engine/ledger', 'engine/client', 'engine/runner', 'engine', 'admin', 'app', '.']

function storeyOf(file: string): number {
  return storeys.findIndex((room) => file.startsWith(`${room}/`) || (room === '.' && !file.includes('/')))
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8')
  return [...text.matchAll(/from '(\.[^']+)'|import\('(\.[^']+)'\)/g)].map((match) =>
    relative(src, resolve(src, dirname(file), match[1] ?? match[2] ?? '')),
  )
}

/** What is synchronous and pure: everything under the ledger but its two edges, and what calls it from outside. */
const edges = [
  'host/ledger.ts',
  'host/durable-object.ts',
  'host/verbs.ts',
  'host/durable-sql.ts',
  'host/dispatcher.ts',
  'host/held-polls.ts',
  'protocol/protocol.ts',
].map((name) => `engine/ledger/${name}`)
const core = files.filter((file) => file.startsWith('engine/ledger/') && !edges.includes(file))

describe('imports', () => {
  test.each(files)('of %s point to its own room or to one below', (file) => {
    const above = importsOf(file).filter(
      (target) => target.startsWith('..') === false && storeyOf(target) > storeyOf(file),
    )
    expect(above).toEqual([])
  })

  test.each(files.filter((file) => !file.startsWith('engine/')))('of %s reach the engine by its front door', (file) => {
    const inside = importsOf(file).filter((target) => target.startsWith('engine/') && target !== 'engine/index.ts')
    expect(inside).toEqual([])
  })
})

describe('the dashboard', () => {
  test.each(files.filter((file) => file.startsWith('admin/page/')))(
    '%s runs in a browser, and imports nothing of the Worker',
    (file) => {
      expect(importsOf(file).filter((target) => !target.startsWith('admin/page/'))).toEqual([])
    },
  )
})

describe('the core', () => {
  const forbidden = [
    { what: /\bDate\.now\b|\bnew Date\(\)/, because: 'time is an argument' },
    { what: /\bMath\.random\b|\bcrypto\./, because: 'chance is a port' },
    { what: /\bawait\b|\basync\b|\bPromise\b/, because: 'a verb is read, decide, write with nothing in between' },
    { what: /cloudflare:|node:/, because: 'it runs in a Durable Object and in a simulator alike' },
    { what: /\bconsole\./, because: 'what is worth saying is an answer' },
  ]

  test.each(core)('%s has no clock, no chance, no waiting and no platform', (file) => {
    const text = readFileSync(join(src, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    expect(forbidden.filter(({ what }) => what.test(text))).toEqual([])
  })
})

test('no file of the source is over four hundred lines: there would be a noun hiding in it', () => {
  const long = files.filter((file) => readFileSync(join(src, file), 'utf8').split('\n').length > 400)
  expect(long).toEqual([])
})
