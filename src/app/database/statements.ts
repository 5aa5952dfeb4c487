/**
 * Splits SQL text into statements, because D1 runs several statements as one transaction only when it gets them one by one. Pure.
 * A statement ends where SQLite's `sqlite3_complete` says: at a `;` outside of strings and comments, and for a trigger at
 * `; END ;`.
 */

/** Strings and quoted names, comments, words, and every other character by itself. */
const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\w+|\s+|./g

/** The statements of `sql` in order, without comments and without their final semicolons. */
export function statements(sql: string): string[] {
  const found: string[] = []
  let text = ''
  let words: string[] = []
  const end = () => {
    if (words.length > 0) found.push(text.trim())
    text = ''
    words = []
  }
  for (const [part] of sql.matchAll(token)) {
    if (part.startsWith('--') || part.startsWith('/*')) {
      text += ' '
    } else if (part === ';' && isComplete(words)) {
      end()
    } else {
      text += part
      if (part.trim() !== '') words.push(part.toUpperCase())
    }
  }
  end()
  return found
}

/** Whether a semicolon after these words ends their statement. Inside a trigger, only the one after its own END does. */
function isComplete(words: readonly string[]): boolean {
  if (!/^CREATE (TEMP |TEMPORARY )?TRIGGER /.test(`${words.slice(0, 3).join(' ')} `)) return true
  return words.at(-1) === 'END' && words.at(-2) === ';'
}
