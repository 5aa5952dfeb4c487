/**
 * The rule that a predicate never writes, as far as a parser can hold it: a function or method whose name is a question assigns
 * to nothing but its own variables, and calls nothing whose name is a command.
 */
import { parseSync, Visitor } from 'oxc-parser'

/** Names that ask a question. */
const question = /^#?(is|has|can|may|needs|holds|awaits|outlasts|frees|accepts|serves|fits)[A-Z]/
/** Names of calls that write: what the collections of the language have, and the verbs of this engine. */
const command =
  /^(set|add|delete|clear|push|pop|shift|unshift|splice|sort|reverse|write|change|remove|insert|forget|park|unpark|arm|record|count|take|drop|keep|move|mirror|flush|spill|restore|store|send|start|stop|hold|release|notify|resolve|reject|abort|commit|apply|update|cancel|fail|lapse|settle|extend|remember)([A-Z]|$)/
/** Reads whose names begin like a command. */
const reads = new Set(['counts', 'countBetween', 'countLeft', 'countOf', 'toSorted', 'startsWith'])

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

/** What each predicate of a source writes: `name: the code that writes`. */
export function writingPredicates(file: string, text: string): string[] {
  const { program } = parseSync(file, text)
  const found: string[] = []
  const check = (name: string | undefined, body: unknown) => {
    if (name === undefined || !question.test(name) || !body) return
    for (const write of writesIn(body as Node)) found.push(`${name}: ${text.slice(write.start, write.end)}`)
  }
  new Visitor({
    FunctionDeclaration: (node) => check(node.id?.name, node.body),
    MethodDefinition: (node) => check(nameOf(node.key as unknown as Node), node.value.body),
    VariableDeclarator(node) {
      const { init } = node
      if (init?.type === 'ArrowFunctionExpression') check(nameOf(node.id as unknown as Node), init.body)
    },
  }).visit(program)
  return found
}

function nameOf(key: Node): string | undefined {
  if (key.type === 'PrivateIdentifier') return `#${String(key['name'])}`
  return key.type === 'Identifier' ? String(key['name']) : undefined
}

/** The assignments and calls in a function's body that write to something that outlives it. */
function writesIn(body: Node): Node[] {
  const own = new Set<string>()
  const nodes = [...descendants(body)]
  for (const node of nodes) {
    if (node.type === 'VariableDeclarator') for (const name of namesIn(node['id'] as Node)) own.add(name)
  }
  return nodes.filter((node) => {
    if (node.type === 'AssignmentExpression') return !isOwn(node['left'] as Node, own)
    if (node.type === 'UpdateExpression') return !isOwn(node['argument'] as Node, own)
    if (node.type === 'UnaryExpression') return node['operator'] === 'delete'
    if (node.type !== 'CallExpression') return false
    const callee = node['callee'] as Node
    const isMember = callee.type === 'MemberExpression'
    const name = nameOf((isMember ? callee['property'] : callee) as Node)?.replace('#', '')
    if (name === undefined || reads.has(name) || !command.test(name)) return false
    return !isOwn((isMember ? callee['object'] : callee) as Node, own)
  })
}

/** True for a variable of the function's own, and for what is inside it. */
function isOwn(target: Node, own: ReadonlySet<string>): boolean {
  if (target.type === 'Identifier') return own.has(String(target['name']))
  return target.type === 'MemberExpression' && isOwn(target['object'] as Node, own)
}

function namesIn(pattern: Node): string[] {
  return pattern.type === 'Identifier'
    ? [String(pattern['name'])]
    : [...descendants(pattern)].filter(({ type }) => type === 'Identifier').map((node) => String(node['name']))
}

function* descendants(node: Node): Generator<Node> {
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child !== 'object' || child === null || !('type' in child)) continue
      yield child as Node
      yield* descendants(child as Node)
    }
  }
}
