/**
 * Source text as a sequence of tokens, for comparing pieces of code regardless of their layout. White space, comments,
 * semicolons, trailing commas and the style of quotes leave no trace in the sequence. The words inside a string are
 * tokens too, so that a part of an SQL statement can be found, however the statement is laid out.
 */

export interface Token {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** A part of a text: from the offset `start` up to, but not including, the offset `end`. */
export interface Range {
  readonly start: number
  readonly end: number
}

const tokenPattern =
  /#?[$_\p{ID_Start}][$\p{ID_Continue}]*|\d[\w.]*|\\?['"`]|=>|\.{3}|\?\?=?|\?\.|&&=?|\|\|=?|[=!]==?|\+\+|--|\*\*=?|<<=?|>>>?=?|[-+*/%&|^<>]=?|\S/gu
const closing = new Set([')', ']', '}', '>'])

/** @param comments ranges of `text` to pass over: only a parser can tell a comment from a string that looks like one */
export function tokensOf(text: string, comments: readonly Range[] = []): Token[] {
  const tokens: Token[] = []
  for (const match of blanked(text, comments).matchAll(tokenPattern)) {
    const [found] = match
    if (found === ';') continue
    if (closing.has(found) && tokens.at(-1)?.text === ',') tokens.pop()
    tokens.push({ text: normalised(found), start: match.index, end: match.index + found.length })
  }
  return tokens
}

/** Every place at which the sequence `find` occurs in `tokens`. Places do not overlap. */
export function placesOf(find: readonly Token[], tokens: readonly Token[]): Range[] {
  const places: Range[] = []
  for (let index = 0; index + find.length <= tokens.length; index++) {
    if (!find.every(({ text }, offset) => tokens[index + offset]?.text === text)) continue
    places.push({ start: tokens[index]?.start ?? 0, end: tokens[index + find.length - 1]?.end ?? 0 })
    index += find.length - 1
  }
  return places
}

/** Each kind of quote, escaped or not, is the same token. */
function normalised(token: string): string {
  return /^\\?['"`]$/.test(token) ? '"' : token
}

/** The same text with spaces in place of these ranges, so that every offset stays what it was. */
function blanked(text: string, ranges: readonly Range[]): string {
  return ranges.reduce((left, { start, end }) => left.slice(0, start) + ' '.repeat(end - start) + left.slice(end), text)
}
