import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { transformSync } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { filesOf, planted } from './mutant.ts'
import { mutants } from './mutants.ts'
import { engineFolder } from './plant.ts'
import { remembered } from './remembered.ts'

const sourceOf = (file: string) => readFileSync(join(engineFolder, file), 'utf8')

describe('the planted bugs', () => {
  test('are at least sixteen, each with a name of its own', () => {
    expect(mutants.length).toBeGreaterThanOrEqual(16)
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length)
  })

  test('are what the remembered worlds are of', () => {
    const names = mutants.map(({ name }) => name)
    expect(Object.keys(remembered()).filter((name) => !names.includes(name))).toEqual([])
  })

  test.each(mutants)('$name: each of its edits finds its one place in the source', (mutant) => {
    for (const file of filesOf(mutant)) {
      const source = sourceOf(file)
      for (const { find } of mutant.edits.filter((edit) => edit.file === file)) {
        expect(source.split(find).length - 1, find).toBe(1)
      }
      expect(planted(mutant, file, source)).not.toBe(source)
    }
  })

  test.each(mutants)('$name: what is planted is still a program', (mutant) => {
    for (const file of filesOf(mutant)) {
      expect(() => transformSync(planted(mutant, file, sourceOf(file)), { loader: 'ts' })).not.toThrow()
    }
  })

  test.each(mutants)('$name: says which promise it breaks and where it was seen', ({ breaks, seen }) => {
    expect(breaks.length).toBeGreaterThan(0)
    expect(seen).toMatch(/^[A-Z`a-z].*\.$/)
  })

  test('a text that is not there, or is there twice, is refused', () => {
    const mutant = {
      name: 'm',
      breaks: ['I1'],
      seen: 'Here.',
      edits: [{ file: 'a.ts', find: 'x', replace: 'y' }],
    } as const
    expect(planted(mutant, 'a.ts', 'let x')).toBe('let y')
    expect(() => planted(mutant, 'a.ts', 'let z')).toThrow('occurs 0 times')
    expect(() => planted(mutant, 'a.ts', 'x + x')).toThrow('occurs 2 times')
    expect(planted(mutant, 'b.ts', 'x + x')).toBe('x + x')
  })
})
