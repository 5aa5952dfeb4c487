/**
 * Whether a bundle for deployment carries the open local door.
 *
 * The door opens where the bundler replaces the name CHARD_LOCAL by `true`. So in a safe bundle the name itself still
 * stands, asked for with `typeof`, and nothing in it, neither a declaration nor an assignment, gives it a value. A bundle
 * in which it does not stand at all was made with the constant, or the door has moved and this check with it.
 */

const ASKED = /\btypeof\s+CHARD_LOCAL\b/
const GIVEN = /\b(?:var|let|const|function|class)\s+CHARD_LOCAL\b|\bCHARD_LOCAL\s*=(?!=)|["'.]CHARD_LOCAL\b/

/**
 * @param {string} code the bundle's text
 * @returns {string | undefined} what is wrong with it
 */
export function openDoor(code) {
  if (!ASKED.test(code)) return 'it does not ask for CHARD_LOCAL: it was bundled with the door, or the door has moved'
  const given = GIVEN.exec(code)
  return given ? `it gives CHARD_LOCAL a value: …${code.slice(given.index, given.index + 80)}…` : undefined
}
