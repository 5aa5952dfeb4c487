import { transformSync } from 'esbuild'
import { describe, expect, test } from 'vitest'
import type { Edit } from './edit.ts'
import { planted } from './mutant.ts'
import { mutants } from './mutants.ts'
import { readEngine } from './plant.ts'
import { remembered } from './remembered.ts'
import { parsed } from './symbols.ts'
import { tokensOf } from './tokens.ts'

const engine = readEngine()

describe('the planted bugs', () => {
  const engineWords = new Set([...engine.files.values()].flatMap(({ tokens }) => tokens.map(({ text }) => text)))

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

  // A bug whose code names something that was renamed since fails at once, whatever the checks: finding it proves nothing.
  test.each(mutants)('$name: every name in the code of its edits is known', ({ edits, ...mutant }) => {
    const words = edits.flatMap(wordsOf)
    for (const [file, text] of planted({ ...mutant, edits }, engine)) expect(unboundIn(text, words), file).toEqual([])
    const declared = edits.flatMap((edit) => [...codeOf(edit).matchAll(/const (\w+)/g)].map(([, name]) => name))
    const isKnown = (word: string) => engineWords.has(word) || declared.includes(word) || isBuiltIn(word)
    expect(words.filter((word) => !isKnown(word))).toEqual([])
  })

  test.each(mutants)('$name: says which promise it breaks and where it was seen', ({ breaks, seen }) => {
    expect(breaks.length).toBeGreaterThan(0)
    expect(seen).toMatch(/^[A-Z`a-z].*\.$/)
  })
})

/** The code that an edit brings into the engine. */
function codeOf(edit: Edit): string {
  const { in: _, find: __, ...code } = { find: '', ...edit }
  return Object.values(code).join('\n')
}

/** The identifiers in the code of an edit. */
function wordsOf(edit: Edit): string[] {
  return tokensOf(codeOf(edit)).flatMap(({ text }) => (/^[#$_\p{L}]/u.test(text) && !isKeyword(text) ? [text] : []))
}

function isKeyword(word: string): boolean {
  try {
    parsed('word.ts', `class A { ${word}() {} }\nlet ${word.replace('#', '')}`)
    return false
  } catch {
    return true
  }
}

/** True for what the engine can use without naming it anywhere else: globals, and methods of collections and strings. */
function isBuiltIn(word: string): boolean {
  return word in globalThis || [Map, Set, Array, String].some(({ prototype }) => word in prototype)
}

/** Those of the words that the text uses as variables although nothing declares them. */
function unboundIn(text: string, words: readonly string[]): string[] {
  const variables = words.filter((word) => !word.startsWith('#') && !(word in globalThis))
  const define = Object.fromEntries(variables.map((word) => [word, `unbound_${word}`]))
  const { code } = transformSync(text, { loader: 'ts', define })
  return [...code.matchAll(/\bunbound_(\w+)/g)].map(([, word]) => word ?? '')
}
