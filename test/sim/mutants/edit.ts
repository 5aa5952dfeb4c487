/**
 * The edits of which a planted bug is made. An edit names a symbol of the engine, not a file: a function, constant or
 * class at the top level of a file (`moveWatermark`), or a member of a class (`Transaction.change`,
 * `Transaction.#anchor`, `Transaction.constructor`, `Transaction.static`). Where several files declare the name, a room
 * or a file goes before it: `commands/expire`. So an edit stays valid when code moves or is laid out anew. Of the forms
 * below, prefer the one that says least about the code.
 *
 * The code in an edit is part of a program that no compiler checks. The tests check that it parses, and that the engine
 * knows every name in it.
 */
import { type Engine, type EngineSymbol, type FunctionBody, symbolOf } from './symbols.ts'
import { placesOf, type Range, type Token, tokensOf } from './tokens.ts'

export type Edit = { readonly in: string } & Form

type Form =
  /**
   * Replaces a piece of the symbol's code, which must occur exactly once in it. White space, comments, semicolons,
   * trailing commas and the style of quotes do not matter. `find` itself has no comments.
   */
  | { readonly find: string; readonly replace: string }
  /** Replaces all that the function does by these statements. */
  | { readonly body: string }
  /** Makes the function do nothing but return this expression. */
  | { readonly returns: string }
  /** Gives the constant this value. */
  | { readonly value: string }
  /** Adds statements at the beginning of the function. */
  | { readonly before: string }
  /** Adds statements at the end of the function. */
  | { readonly after: string }

/** A range of a file, and the text that takes its place. */
export interface Splice extends Range {
  readonly file: string
  readonly text: string
}

/** What an edit changes. @throws when the engine has no such place, or several */
export function spliceOf(engine: Engine, edit: Edit): Splice {
  const symbol = symbolOf(engine, edit.in)
  const { file } = symbol
  const source = engine.files.get(file)
  if (!source) throw new Error(`the engine has no file ${file}`)
  if ('find' in edit) return { file, ...placeOf(symbol, source.tokens, edit.find), text: edit.replace }
  if ('value' in edit) {
    if (!symbol.value) throw new Error(`${where(symbol)} has no value to replace`)
    return { file, ...symbol.value, text: edit.value }
  }
  const body = bodyOf(symbol)
  const expression = body.isExpression ? source.text.slice(body.start, body.end) : undefined
  // The body of a static block begins with its keyword.
  const start = body.isExpression ? body.start : source.text.indexOf('{', body.start)
  const whole = { file, start, end: body.end }
  if ('body' in edit) return { ...whole, text: `{\n${edit.body}\n}` }
  if ('returns' in edit) return { ...whole, text: `{\nreturn ${edit.returns}\n}` }
  if ('before' in edit) {
    if (expression !== undefined) return { ...whole, text: `{\n${edit.before}\nreturn ${expression}\n}` }
    return { file, start: start + 1, end: start + 1, text: `\n${edit.before}\n` }
  }
  if (expression !== undefined) throw new Error(`${where(symbol)} ends with the expression that it returns`)
  return { file, start: body.end - 1, end: body.end - 1, text: `\n${edit.after}\n` }
}

/** The text with all of these changes. @throws when two of them overlap */
export function spliced(text: string, splices: readonly Splice[]): string {
  const ordered = splices.toSorted((a, b) => a.start - b.start)
  const overlap = ordered.find(({ start }, index) => index > 0 && start < (ordered[index - 1]?.end ?? 0))
  if (overlap) throw new Error(`two edits of ${overlap.file} overlap at: ${text.slice(overlap.start, overlap.end)}`)
  return ordered.reduceRight((left, { start, end, text: by }) => left.slice(0, start) + by + left.slice(end), text)
}

function placeOf(symbol: EngineSymbol, tokens: readonly Token[], find: string): Range {
  const wanted = tokensOf(find)
  const own = tokens.filter(({ start, end }) => start >= symbol.start && end <= symbol.end)
  const places = wanted.length === 0 ? [] : placesOf(wanted, own)
  const [place] = places
  if (!place || places.length > 1)
    throw new Error(`in ${where(symbol)} this occurs ${places.length} times; it must occur once:\n${find}`)
  return place
}

function bodyOf(symbol: EngineSymbol): FunctionBody {
  if (!symbol.body) throw new Error(`${where(symbol)} is not a function`)
  return symbol.body
}

function where({ name, file }: EngineSymbol): string {
  return `${name} (${file})`
}
