/** The house rules that a machine can hold: which way imports point, what may not enter the core, and what a name promises. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writingPredicates } from './house/predicates.ts'
import { circlesOf, importsOf, root, sourcesIn, textOf } from './house/sources.ts'

const src = sourcesIn('src')

/** The rooms of the ledger from the ground up. A file may import from its own room and from the rooms below it. */
const ledgerRooms = ['protocol', 'domain', 'storage', 'memory', 'transaction', 'commands', 'maintenance', 'host']
/** The rooms of the source from the ground up. */
const rooms = [
  'src/engine/task',
  ...ledgerRooms.map((room) => `src/engine/ledger/${room}`),
  'src/engine/client',
  'src/engine/runner',
  'src/engine',
  'src/testing',
  'src/admin',
  'src/app',
  'src',
]

function roomOf(file: string): number {
  return rooms.findIndex((room) => (room === 'src' ? dirname(file) === room : file.startsWith(`${room}/`)))
}

describe('imports', () => {
  test.each(src)('of %s point to its own room or to a room below', (file) => {
    const above = importsOf(file).filter((target) => target.startsWith('src/') && roomOf(target) > roomOf(file))
    expect(above).toEqual([])
  })

  test.each(['src', 'bench', 'scripts'])('in %s form no circle, types included', (folder) => {
    expect(circlesOf(sourcesIn(folder))).toEqual([])
  })

  test.each(src.filter((file) => !/^src\/(engine|testing)\//.test(file)))(
    'of %s reach the engine by its front door, and the virtual platform not at all',
    (file) => {
      const inside = importsOf(file).filter(
        (target) =>
          target.startsWith('src/testing/') || (target.startsWith('src/engine/') && target !== 'src/engine/index.ts'),
      )
      expect(inside).toEqual([])
    },
  )

  test('every file of the ledger is in one of its rooms', () => {
    const homeless = src.filter((file) => file.startsWith('src/engine/ledger/') && rooms[roomOf(file)] === 'src/engine')
    expect(homeless).toEqual([])
  })
})

describe('the dashboard', () => {
  test.each(src.filter((file) => file.startsWith('src/admin/page/')))(
    '%s runs in a browser, and imports nothing of the Worker',
    (file) => {
      expect(importsOf(file).filter((target) => !target.startsWith('src/admin/page/'))).toEqual([])
    },
  )
})

describe('the core', () => {
  /** Where a ledger meets its platform: it waits, and has classes of the platform. */
  const edges = ['ledger', 'durable-object', 'durable-sql', 'verbs', 'dispatcher', 'held-polls'].map(
    (name) => `src/engine/ledger/host/${name}.ts`,
  )
  const core = src.filter(
    (file) =>
      file.startsWith('src/engine/ledger/') && !file.startsWith('src/engine/ledger/protocol/') && !edges.includes(file),
  )
  const forbidden = [
    { what: /\bDate\.now\b|\bnew Date\(\)/, because: 'time is an argument' },
    { what: /\bMath\.random\b|\bcrypto\./, because: 'chance is a port' },
    { what: /\bawait\b|\basync\b|\bPromise\b/, because: 'a verb is read, decide, write with nothing in between' },
    { what: /cloudflare:|node:/, because: 'it runs in a Durable Object and on a virtual platform alike' },
    { what: /\bconsole\./, because: 'what is worth saying is an answer' },
  ]

  test.each(core)('%s has no clock, no chance, no waiting and no platform', (file) => {
    const text = textOf(file).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    expect(forbidden.filter(({ what }) => what.test(text))).toEqual([])
  })

  test.each(core.filter((file) => /ledger\/(commands|maintenance)\//.test(file)))(
    '%s reads jobs that it may have changed through its transaction',
    (file) => {
      const reading = textOf(file).match(/\bjobs\.(byIds|withInput|byKey)\(/g) ?? []
      // What is read outside of a transaction, or has to be as it is on disk.
      const allowed: Record<string, number> = {
        'src/engine/ledger/commands/read.ts': 2,
        'src/engine/ledger/commands/enqueue.ts': 1,
        'src/engine/ledger/commands/heartbeats.ts': 1,
      }
      expect(reading.length).toBe(allowed[file] ?? 0)
    },
  )
})

describe('names', () => {
  test.each(src)('in %s that ask a question write nothing', (file) => {
    expect(writingPredicates(file, textOf(file))).toEqual([])
  })
})

describe('rooms', () => {
  const folders = [...new Set(src.filter((file) => file.startsWith('src/engine/')).map((file) => dirname(file)))]

  test.each(folders)('%s begins with what it owns, what it may import and what it promises', (folder) => {
    const readme = join(root, folder, 'README.md')
    expect(existsSync(readme)).toBe(true)
    const text = textOf(join(folder, 'README.md'))
    for (const heading of ['**Owns:**', '**May import:**', '**Promises:**']) expect(text).toContain(heading)
  })

  test('no file of the source is over four hundred lines: there would be a noun hiding in it', () => {
    expect(src.filter((file) => textOf(file).split('\n').length > 400)).toEqual([])
  })
})
