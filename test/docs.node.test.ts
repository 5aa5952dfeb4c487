/** The documents are part of the product: what they point to is there, and what they show is what the code says. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type MeasureResult, summaryOf } from '../bench/results.ts'

const root = resolve(import.meta.dirname, '..')
const read = (name: string) => readFileSync(resolve(root, name), 'utf8')

describe.each(['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'docs/runbook.md'])('%s', (document) => {
  const targets = [...read(document).matchAll(/\]\(([^)#]+)\)|src="([^"]+)"/g)]
    .map((match) => match[1] ?? match[2] ?? '')
    .filter((target) => !/^https?:/.test(target))

  test('points to files that exist', () => {
    expect(targets.filter((target) => !existsSync(resolve(root, dirname(document), target)))).toEqual([])
  })
})

test("the README's figures of speed are those of the bench's last run", () => {
  const { results } = JSON.parse(read('bench/results.json')) as { results: MeasureResult[] }
  expect(results.length).toBe(6)
  expect(read('README.md')).toContain(summaryOf(results))
})

test('every metric is explained in the runbook, and no alert asks for one that is not there', () => {
  const metrics = new Set([...read('src/admin/metrics.ts').matchAll(/'(chard_\w+)'/g)].map(([, name]) => name))
  const told = [...read('docs/runbook.md').matchAll(/\bchard_\w+/g)].map(([name]) => name.replace(/_total$/, ''))
  expect(metrics.size).toBeGreaterThan(10)
  expect([...new Set(told)].sort()).toEqual([...metrics].sort())
})

test('every line of the log that the runbook explains is one that somebody writes', () => {
  const [, table = ''] = read('docs/runbook.md').split('## The log')
  const events = [...table.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name),
  )
  const source = readdirSync(resolve(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(`src/${name}`))
    .join('\n')
  expect(events.filter((name) => name !== 'event' && !source.includes(`'${name}'`))).toEqual([])
})

test('every promise of the architecture that is built is linked to a test in the README', () => {
  const promised = [...read('ARCHITECTURE.md').matchAll(/^- \*\*(I\d+)\*\* (.*)$/gm)]
  const built = promised.filter(([, , text]) => !text?.includes('not built yet')).map(([, number]) => number)
  const shown = [...read('README.md').matchAll(/^\| (I\d+) \|.*\]\(test\//gm)].map(([, number]) => number)
  expect(shown).toEqual(built)
  expect(built.length).toBeGreaterThan(10)
})

test('the npm scripts that the documents name exist', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const named = [read('README.md'), read('ARCHITECTURE.md')].flatMap((text) => [
    ...text.matchAll(/npm (?:run )?(dev|test|deploy|smoke|check|build|test:\w+|sim[:\w]*)\b/g),
  ])
  expect(named.length).toBeGreaterThan(5)
  expect(named.map(([, script]) => script ?? '').filter((script) => !(script in scripts))).toEqual([])
})
