import { describe, expect, test } from 'vitest'
import { planted } from './mutant.ts'
import { mutants } from './mutants.ts'
import { readEngine } from './plant.ts'
import { remembered } from './remembered.ts'
import { parsed } from './symbols.ts'

const engine = readEngine()

describe('the planted bugs', () => {
  test('are at least sixteen, each with a name of its own', () => {
    expect(mutants.length).toBeGreaterThanOrEqual(16)
    expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length)
  })

  test('are the ones that remembered.json names', () => {
    const names = mutants.map(({ name }) => name)
    expect(Object.keys(remembered()).filter((name) => !names.includes(name))).toEqual([])
  })

  test.each(mutants)('$name: every edit applies and changes the source, and the result parses', (mutant) => {
    for (const edit of mutant.edits) {
      for (const [file, text] of planted({ ...mutant, edits: [edit] }, engine))
        expect(text, edit.in).not.toBe(engine.files.get(file)?.text)
    }
    for (const [file, text] of planted(mutant, engine)) expect(() => parsed(file, text)).not.toThrow()
  })

  test.each(mutants)('$name: says which promise it breaks and where it was seen', ({ breaks, seen }) => {
    expect(breaks.length).toBeGreaterThan(0)
    expect(seen).toMatch(/^[A-Z`a-z].*\.$/)
  })
})
