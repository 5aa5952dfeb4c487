import { describe, expect, it } from 'vitest'
import { localModeIn } from '../../scripts/deploy/local-mode.ts'

const safe = 'var isLocal = typeof CHARD_LOCAL !== "undefined" && CHARD_LOCAL === true;'

describe('a bundle for deployment', () => {
  it('is accepted if it tests for CHARD_LOCAL and nothing gives that name a value', () => {
    expect(localModeIn(safe)).toBeUndefined()
    expect(localModeIn('var a=typeof CHARD_LOCAL<"u"&&CHARD_LOCAL===!0;')).toBeUndefined()
  })

  it.each([
    ['it was built with the constant and minified', 'var isLocal = true;'],
    ['it was built with the constant', 'var isLocal = typeof true !== "undefined" && true === true;'],
    ['it declares the name', `var CHARD_LOCAL = true;\n${safe}`],
    ['it declares the name without a value', `let CHARD_LOCAL;\n${safe}`],
    ['it assigns the name', `CHARD_LOCAL=true;\n${safe}`],
    ['it sets the name on the global object', `globalThis.CHARD_LOCAL ??= true;\n${safe}`],
    [
      'it defines the name as a property',
      `Object.defineProperty(globalThis, "CHARD_LOCAL", { value: true });\n${safe}`,
    ],
  ])('is refused when %s', (_, code) => {
    expect(localModeIn(code)).toBeTypeOf('string')
  })
})
