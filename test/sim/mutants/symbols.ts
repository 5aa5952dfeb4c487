/** The symbols of the engine: where each top-level function, constant and class stands, and each member of a class. */
import {
  type ClassElement,
  type Expression,
  type Function as FunctionNode,
  type Program,
  parseSync,
  type StaticBlock,
  type VariableDeclarator,
} from 'oxc-parser'
import { type Range, type Token, tokensOf } from './tokens.ts'

/** One declaration of a source file. Ranges are offsets in the file's text. */
export interface EngineSymbol extends Range {
  /** `moveWatermark`, `Transaction`, `Transaction.change`, `Transaction.#anchor`, `Transaction.constructor`. */
  readonly name: string
  readonly file: string
  /** The body of a function; undefined when the symbol is no function. */
  readonly body?: FunctionBody
  /** The value of a constant or of a property that is no function. */
  readonly value?: Range
}

export interface FunctionBody extends Range {
  /** True for an arrow function without braces. */
  readonly isExpression: boolean
}

/** The engine's source files, by their paths under `src/engine`, and what they declare. */
export interface Engine {
  readonly files: ReadonlyMap<string, SourceFile>
  readonly symbols: readonly EngineSymbol[]
}

export interface SourceFile {
  readonly text: string
  readonly tokens: readonly Token[]
}

/** @throws when a file does not parse */
export function engineOf(texts: ReadonlyMap<string, string>): Engine {
  const files = new Map<string, SourceFile>()
  const symbols: EngineSymbol[] = []
  for (const [file, text] of texts) {
    const { program, comments } = parsed(file, text)
    files.set(file, { text, tokens: tokensOf(text, comments) })
    symbols.push(...declarationsOf(program).map((declared) => ({ file, ...declared })))
  }
  return { files, symbols }
}

/** @throws when the text is not a TypeScript module */
export function parsed(file: string, text: string): ReturnType<typeof parseSync> {
  const result = parseSync(file, text, { lang: 'ts', sourceType: 'module' })
  const [error] = result.errors
  if (error) throw new Error(`${file} does not parse: ${error.codeframe ?? error.message}`)
  return result
}

/**
 * The one symbol of this name. A name that several files declare takes a room or a file before it: `commands/expire`,
 * `settle/expire`.
 * @throws when the engine has no such symbol, or several
 */
export function symbolOf(engine: Engine, qualified: string): EngineSymbol {
  const parts = qualified.split('/')
  const name = parts.pop() ?? ''
  const room = parts.length === 0 ? '' : `/${parts.join('/')}/`
  const named = engine.symbols.filter((one) => one.name === name && pathOf(one).includes(room))
  const [symbol] = named
  if (!symbol) throw new Error(`the engine has no symbol "${qualified}"${hint(engine, name)}`)
  if (named.length > 1)
    throw new Error(`the engine has ${named.length} symbols "${qualified}": ${list(named)}; name the room too`)
  return symbol
}

/** The path of the symbol's file, with a slash before and after each part: `/commands/settle/`. */
function pathOf({ file }: EngineSymbol): string {
  return `/${file.replace(/\.ts$/, '')}/`
}

/** Names the symbols that differ in their room or their class alone: most often the symbol was moved. */
function hint({ symbols }: Engine, name: string): string {
  const ownNameOf = (text: string) => text.split('.').at(-1)
  const alike = symbols.filter((one) => ownNameOf(one.name) === ownNameOf(name))
  return alike.length === 0 ? '' : `, but it has ${list(alike)}`
}

function list(symbols: readonly EngineSymbol[]): string {
  return symbols.map(({ name, file }) => `${name} in ${file}`).join(', ')
}

type Declared = Omit<EngineSymbol, 'file'>

function declarationsOf({ body }: Program): Declared[] {
  return body.flatMap((statement): Declared[] => {
    const isExport = statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration'
    const declared = isExport ? statement.declaration : statement
    if (declared?.type === 'VariableDeclaration') return declared.declarations.flatMap(variableOf)
    if (declared?.type === 'FunctionDeclaration' && declared.id) return [named(declared.id.name, declared, declared)]
    if (declared?.type !== 'ClassDeclaration' || !declared.id) return []
    const { name } = declared.id
    return [named(name, declared), ...declared.body.body.flatMap((member) => memberOf(name, member))]
  })
}

function variableOf(variable: VariableDeclarator): Declared[] {
  return variable.id.type === 'Identifier' ? [named(variable.id.name, variable, variable.init)] : []
}

function memberOf(className: string, member: ClassElement): Declared[] {
  if (member.type === 'StaticBlock') return [named(`${className}.static`, member, member)]
  if (member.type !== 'MethodDefinition' && member.type !== 'PropertyDefinition') return []
  const { key, value } = member
  // A method without a body is one signature of several.
  if (value?.type === 'TSEmptyBodyFunctionExpression') return []
  if (key.type !== 'Identifier' && key.type !== 'PrivateIdentifier') return []
  const sign = key.type === 'PrivateIdentifier' ? '#' : ''
  return [named(`${className}.${sign}${key.name}`, member, value)]
}

/** @param content what the edits of a whole symbol change: its function, its static block or its value */
function named(
  name: string,
  { start, end }: Range,
  content?: Expression | FunctionNode | StaticBlock | null,
): Declared {
  const symbol = { name, start, end }
  if (!content) return symbol
  if (content.type === 'StaticBlock') return { ...symbol, body: { start, end, isExpression: false } }
  if (!('params' in content)) return { ...symbol, value: { start: content.start, end: content.end } }
  const { body } = content
  if (!body) return symbol
  return { ...symbol, body: { start: body.start, end: body.end, isExpression: body.type !== 'BlockStatement' } }
}
