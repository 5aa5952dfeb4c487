import { describe, expect, it } from 'vitest'
import { openDoor } from '../../scripts/deploy/local-door.mjs'

const closed = 'var isLocal = typeof CHARD_LOCAL !== "undefined" && CHARD_LOCAL === true;'

describe('a bundle for deployment', () => {
  it('is safe while the name of the door stands in it and nothing gives it a value', () => {
    expect(openDoor(closed)).toBeUndefined()
    expect(openDoor('var a=typeof CHARD_LOCAL<"u"&&CHARD_LOCAL===!0;')).toBeUndefined()
  })

  it.each([
    ['it was made with the constant', 'var isLocal = true;'],
    ['it was made with the constant, unminified', 'var isLocal = typeof true !== "undefined" && true === true;'],
    ['it declares the name', `var CHARD_LOCAL = true;\n${closed}`],
    ['it declares the name without a value', `let CHARD_LOCAL;\n${closed}`],
    ['it assigns the name', `CHARD_LOCAL=true;\n${closed}`],
    ['it gives the global object the name', `globalThis.CHARD_LOCAL ??= true;\n${closed}`],
    [
      'it defines the name by its text',
      `Object.defineProperty(globalThis, "CHARD_LOCAL", { value: true });\n${closed}`,
    ],
  ])('is refused when %s', (_, code) => {
    expect(openDoor(code)).toBeTypeOf('string')
  })
})
