/**
 * Whether a bundle for deployment could run in local mode (src/app/local.ts), in which the admin routes need no token.
 *
 * Local mode is on where the bundler has replaced the name CHARD_LOCAL by `true`. A safe bundle therefore still
 * contains the name, in a `typeof` test, and nothing in it declares or assigns it. If the name is missing, the bundle
 * was built with the constant, or the code has moved and this check has to follow it.
 */

const TESTED = /\btypeof\s+CHARD_LOCAL\b/
const DEFINED = /\b(?:var|let|const|function|class)\s+CHARD_LOCAL\b|\bCHARD_LOCAL\s*=(?!=)|["'.]CHARD_LOCAL\b/

/**
 * Why local mode may be on in a bundle.
 *
 * @param code the bundle's text
 * @returns the reason, or undefined if local mode is off
 */
export function localModeIn(code: string): string | undefined {
  if (!TESTED.test(code)) {
    return 'it does not test for CHARD_LOCAL. Either it was built with the constant, or the test has moved'
  }
  const found = DEFINED.exec(code)
  return found ? `it gives CHARD_LOCAL a value: …${code.slice(found.index, found.index + 80)}…` : undefined
}
