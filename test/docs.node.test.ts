/** The documents are part of the product: what they point to is there, and what they show is what the code says. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type MeasureResult, shown, summaryOf } from '../bench/results.ts'

const root = resolve(import.meta.dirname, '..')
const read = (name: string) => readFileSync(resolve(root, name), 'utf8')
/** Without its blocks of code, in which a bracket is not a link and `#` is not a heading. */
const prose = (name: string) => read(name).replaceAll(/^```[\s\S]*?^```$/gm, '')

const documents = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...filesUnder('docs', '.md').map((name) => `docs/${name}`),
]
const decisions = documents.filter((name) => /^docs\/decisions\/\d/.test(name)).sort()
const bench = JSON.parse(read('bench/results.json')) as { results: MeasureResult[] }

function filesUnder(folder: string, ending: string): string[] {
  return readdirSync(resolve(root, folder), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith(ending),
  )
}

/** The anchors that GitHub makes of a document's headings. */
function anchorsOf(document: string): Set<string> {
  const headings = [...prose(document).matchAll(/^#{1,6} (.+)$/gm)].map(([, text = '']) => text)
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  )
}

/** The text between a heading and the next one of its level. */
function sectionOf(document: string, heading: string): string {
  const [, rest = ''] = read(document).split(`\n## ${heading}\n`)
  return rest.split('\n## ')[0] ?? ''
}

describe.each(documents)('%s', (document) => {
  const targets = [...prose(document).matchAll(/\]\(([^)\s]+)\)|src(?:set)?="([^"]+)"/g)]
    .map((match) => match[1] ?? match[2] ?? '')
    .filter((target) => !/^(https?|mailto):/.test(target))
    .map((target) => {
      const [path = '', anchor] = target.split('#')
      return { target, file: path === '' ? document : relative(root, resolve(root, dirname(document), path)), anchor }
    })

  test('points to files that exist', () => {
    const missing = targets.filter(({ file }) => !existsSync(resolve(root, file)))
    expect(missing.map(({ target }) => target)).toEqual([])
  })

  test('points to headings that exist', () => {
    const missing = targets.filter(
      ({ file, anchor }) =>
        anchor !== undefined && file.endsWith('.md') && existsSync(resolve(root, file)) && !anchorsOf(file).has(anchor),
    )
    expect(missing.map(({ target }) => target)).toEqual([])
  })

  test('has no placeholder left', () => {
    expect(prose(document)).not.toContain('<<')
  })

  test('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = [...read(document).matchAll(/\bnpm (?:run (?:--silent )?([\w:-]+)|(test)\b)/g)]
    expect(named.map(([, run, name]) => run ?? name ?? '').filter((name) => !(name in scripts))).toEqual([])
  })
})

describe('the README', () => {
  test('has at most a thousand words', () => {
    expect(read('README.md').trim().split(/\s+/).length).toBeLessThanOrEqual(1_000)
  })

  test('shows the files of the quick start as they are, but for the place of the engine', () => {
    const blocks = [...read('README.md').matchAll(/<!-- (examples\/\S+) -->\n\n```\w+\n([\s\S]*?)^```$/gm)]
    const files = new Map(blocks.map(([, file = '', text = '']) => [file, text]))
    expect([...files.keys()]).toEqual(['examples/quick-start/src/index.ts', 'examples/quick-start/wrangler.toml'])
    for (const [file, text] of files) {
      expect(text).toBe(read(file).replace("'../../../src/engine/index.ts'", "'./engine/index.ts'"))
    }
  })

  test("tells the speed that the bench's last run has measured", () => {
    const medianOf = (measure: string, contender: string, figure: string) =>
      shown(bench.results.find(({ name }) => name === measure)?.contenders[contender]?.[figure]?.median ?? Number.NaN)
    const text = sectionOf('README.md', 'Speed and cost').replaceAll(/\s+/g, ' ')
    const perSecond = ['Chard', 'BullMQ, fsync every second', 'Celery, fsync every second'].map((contender) =>
      medianOf('end-to-end', contender, 'throughput'),
    )
    const [chard, bullmq, celery] = perSecond
    expect(text).toContain(
      `Chard ran ${chard} empty jobs a second from end to end, BullMQ ${bullmq} and Celery ${celery}`,
    )
    expect(text).toContain(`took ${medianOf('one-at-a-time', 'Chard', 'p50')} ms at the median`)
    expect(text).toContain(
      `${medianOf('one-at-a-time', 'BullMQ, fsync every second', 'p50')} ms in BullMQ called inside`,
    )
  })

  test('tells the costs that the last count has found', () => {
    const beside = sectionOf('docs/cost.md', 'Beside others')
    const costsOf = (shape: string) => {
      const [, chard, workflows] = new RegExp(`^\\| ${shape} \\| (\\S+) \\| (\\S+) \\|`, 'm').exec(beside) ?? []
      return { chard, workflows }
    }
    const text = sectionOf('README.md', 'Speed and cost').replaceAll(/\s+/g, ' ')
    const [alone, bulk] = [costsOf('plain'), costsOf('bulk')]
    expect(text).toContain(`one by one cost ${alone.chard} at list prices and ${bulk.chard} in bulk`)
    expect(text).toContain(`one-step Workflows cost ${alone.workflows} and ${bulk.workflows}`)
  })
})

test("the table of speed is that of the bench's last run", () => {
  expect(bench.results.length).toBe(6)
  expect(read('docs/speed.md')).toContain(summaryOf(bench.results))
})

describe('metrics', () => {
  const metrics = new Set([...read('src/admin/metrics.ts').matchAll(/'(chard_\w+)'/g)].map(([, name]) => name))
  const namedIn = (document: string) =>
    new Set([...read(document).matchAll(/\bchard_\w+/g)].map(([name]) => name.replace(/_total$/, '')))

  test('are all explained, and no alert asks for one that is not there', () => {
    expect(metrics.size).toBeGreaterThan(10)
    expect([...namedIn('docs/metrics.md')].sort()).toEqual([...metrics].sort())
  })

  test.each(['docs/runbook.md', 'docs/operating.md'])('that %s names exist', (document) => {
    expect([...namedIn(document)].filter((name) => !metrics.has(name))).toEqual([])
  })
})

test('every line of the log that is explained is one that somebody writes', () => {
  const events = [...sectionOf('docs/operating.md', 'The log').matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name),
  )
  const source = filesUnder('src', '.ts')
    .map((name) => read(`src/${name}`))
    .join('\n')
  expect(events.length).toBeGreaterThan(5)
  expect(events.filter((name) => name !== 'event' && !source.includes(`'${name}'`))).toEqual([])
})

test('every error code of the engine is explained, and no other', () => {
  const [, union = ''] = read('src/engine/task/errors.ts').split('export type ChardErrorCode =')
  const codes = [...(union.split('\n\n')[0] ?? '').matchAll(/^ {2}\| '([\w-]+)'/gm)].map(([, code]) => code)
  const explained = [...sectionOf('docs/http.md', 'Errors').matchAll(/^\| (`[^|]+) \| \d/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([\w-]+)`/g)].map(([, code]) => code),
  )
  expect(codes.length).toBeGreaterThan(10)
  expect(explained.sort()).toEqual(codes.sort())
})

test('every promise of the architecture that is built is linked to a test', () => {
  const promised = [...read('ARCHITECTURE.md').matchAll(/^- \*\*(I\d+)\*\* (.*)$/gm)]
  const built = promised.filter(([, , text]) => !text?.includes('not built yet')).map(([, number]) => number)
  const linked = [...read('docs/proving.md').matchAll(/^\| (I\d+) \|.*\]\(\.\.\/test\//gm)].map(([, number]) => number)
  expect(linked).toEqual(built)
  expect(built.length).toBeGreaterThan(10)
})

describe('the decisions', () => {
  test('are numbered without a gap, and all are in the list', () => {
    const numbers = decisions.map((name) => Number(/(\d{4})-/.exec(name)?.[1]))
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
    const listed = [...read('docs/decisions/README.md').matchAll(/\]\((\d{4}-[\w-]+\.md)\)/g)].map(([, name]) => name)
    expect(listed).toEqual(decisions.map((name) => name.replace('docs/decisions/', '')))
  })

  test.each(decisions)('%s says its context, what was decided, what is given up, and how it is proved', (name) => {
    const [title, ...headings] = [...read(name).matchAll(/^#{1,2} (.+)$/gm)].map(([, text]) => text)
    expect(title).toMatch(/^\d{4}\. \S/)
    expect(headings).toEqual(['Context', 'Decision', 'Given up', 'How it is proved'])
  })
})
