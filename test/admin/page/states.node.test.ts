/** The pages run in a browser and list the states by themselves. Here their lists are compared with the engine's. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { factsOf, isFinal, states } from '../../../src/admin/page/states/states.ts'
import * as engine from '../../../src/engine/task/states.ts'

describe('the dashboard', () => {
  test('knows the states of the engine, in its order, and which of them are final', () => {
    expect(states).toEqual(engine.jobStates)
    expect(states.filter(isFinal)).toEqual(engine.jobStates.filter(engine.isFinal))
  })

  test('has a sign of its own for each state', () => {
    const signs = states.map((state) => JSON.stringify(factsOf(state).sign))
    expect(new Set(signs).size).toBe(states.length)
  })

  test.each(states)('has a colour of its own for %s, in light and in dark', (state) => {
    const css = readFileSync(resolve(import.meta.dirname, '../../../src/admin/page/states/states.css'), 'utf8')
    const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)')
    const colour = new RegExp(`--${state}: (#[0-9a-f]{6});`)
    for (const scheme of [light, dark]) {
      const found = colour.exec(scheme)?.[1] ?? ''
      expect(found).not.toBe('')
      expect(scheme.split(found)).toHaveLength(2)
    }
    expect(css).toContain(`--state: var(--${state});`)
  })
})

test('the sign-up page has words for the states of the engine, and knows which of them are final', async () => {
  // The page's scripts are plain JavaScript, which this program does not type.
  const {
    states,
    factsOf,
  }: { states: object; factsOf(state: string): { words(job: object): string; isFinal?: true } } = await import(
    resolve(import.meta.dirname, '../../../src/app/page/states.js')
  )
  expect(Object.keys(states)).toEqual([...engine.jobStates, 'unknown'])
  for (const state of engine.jobStates) expect(factsOf(state).isFinal === true).toBe(engine.isFinal(state))
  expect(factsOf('a-later-state').words({})).toBe('a-later-state')
})
