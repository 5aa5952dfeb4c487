/**
 * Requests that a described API should refuse, or at least survive, made from its document: every operation with its
 * parameters, headers and bodies missing, of a wrong type, far too long, in odd letters, deep, doubled or not JSON at all.
 * One seed decides all of them.
 */

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly example?: unknown
}

interface Parameter {
  readonly name: string
  readonly in: string
  readonly schema?: Schema
}

interface Operation {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
}

/** As much of an OpenAPI document as requests are made from. */
export interface Described {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> }
}

export interface BadRequest {
  /** For the message of a failure. */
  readonly shown: string
  readonly path: string
  readonly init: RequestInit
}

type Random = () => number

/** @param known values that lead somewhere, by the name of a parameter, so that not every request ends at the door */
export function badRequests(
  document: Described,
  random: Random,
  known: Readonly<Record<string, readonly string[]>>,
): () => BadRequest {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  const resolve = (schema: Schema): Schema => {
    const name = schema.$ref?.split('/').at(-1)
    return name === undefined ? schema : (document.components?.schemas?.[name] as Schema)
  }
  const chance = (of: number) => random() < of
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T

  /** Mostly of the schema, so that what is wrong in one place is reached through what is right in the others. */
  const made = (given: Schema, depth = 0): unknown => {
    const schema = resolve(given)
    if (depth > 6 || chance(0.2)) return odd()
    if (schema.example !== undefined && chance(0.4)) return schema.example
    if (schema.enum) return pick(schema.enum)
    if (schema.anyOf) return made(pick(schema.anyOf), depth + 1)
    const type = typeof schema.type === 'object' ? pick(schema.type) : schema.type
    if (schema.properties) {
      const entries = Object.entries(schema.properties).filter(() => chance(0.8))
      const fields = Object.fromEntries(entries.map(([name, one]) => [name, made(one, depth + 1)]))
      return chance(0.15) ? { ...fields, [pick(oddTexts)]: odd() } : fields
    }
    if (type === 'array') {
      const length = pick([0, 1, 2, 20])
      return Array.from({ length }, () => made(schema.items ?? {}, depth + 1))
    }
    if (type === 'integer' || type === 'number') return pick([0, 1, 5, 100, ...oddNumbers])
    if (type === 'boolean') return chance(0.5)
    return pick(['a', '5m', 'draw-avatar', '2026-11-22T12:00:00Z', ...oddTexts])
  }

  const odd = (): unknown =>
    pick<() => unknown>([
      () => null,
      () => chance(0.5),
      () => pick(oddNumbers),
      () => pick(oddTexts),
      () => [],
      () => ({}),
      () => [[[[{ a: [null] }]]]],
      () => JSON.parse(`${'['.repeat(2_000)}${']'.repeat(2_000)}`),
      () => JSON.parse('{"__proto__":{"a":1},"constructor":{"prototype":1},"toString":null}'),
    ])()

  const textOf = ({ name, schema = {} }: Parameter): string => {
    if (known[name] && chance(0.5)) return pick(known[name])
    const value = made(schema)
    return typeof value === 'string' ? value : (JSON.stringify(value)?.slice(0, 3_000) ?? '')
  }

  return () => {
    const { path, method, operation } = pick(operations)
    const { parameters = [], requestBody } = operation
    let url = path
    const query = new URLSearchParams()
    const headers = new Headers()
    for (const parameter of parameters) {
      const text = textOf(parameter)
      if (parameter.in === 'path') url = url.replace(`{${parameter.name}}`, () => pathText(text))
      else if (parameter.in === 'query') {
        if (chance(0.4)) query.append(parameter.name, text)
        if (chance(0.03)) query.append(parameter.name, textOf(parameter))
      } else if (chance(0.4)) setHeader(headers, parameter.name, text)
    }
    if (chance(0.08)) query.append(pick(oddTexts), pick(oddTexts))
    if (chance(0.1))
      setHeader(
        headers,
        pick(['If-None-Match', 'Prefer', 'Last-Event-ID', 'Cookie', 'Accept', 'Range']),
        pick(oddHeaders),
      )
    let body: string | undefined
    const schema = requestBody?.content['application/json']?.schema
    if (schema ? chance(0.93) : method !== 'GET' && chance(0.2)) {
      body = JSON.stringify(made(schema ?? {})) ?? 'undefined'
      if (chance(0.08)) body = pick([body.slice(0, -1), '', `\uFEFF${body}`, 'null', '{', `${body}${body}`])
      const types = [
        'text/plain',
        'application/x-www-form-urlencoded',
        'application/json; charset=utf-16',
        'multipart/form-data',
        '',
      ]
      headers.set('Content-Type', chance(0.92) ? 'application/json' : pick(types))
    }
    const search = query.size > 0 ? `?${query}` : ''
    const other = chance(0.03) ? pick(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'POST', 'HEAD']) : method
    const target = `${url}${search}`
    const init: RequestInit = { method: other, headers }
    if (body !== undefined && !['GET', 'HEAD'].includes(other)) init.body = body
    return { shown: `${other} ${target.slice(0, 300)} ${body?.slice(0, 300) ?? ''}`, path: target, init }
  }
}

/** A segment. An empty one, or dots, would name another path. */
function pathText(text: string): string {
  const encoded = encodeURIComponent(text.toWellFormed())
  return encoded === '' || /^\.+$/.test(encoded) ? '%00' : encoded
}

function setHeader(headers: Headers, name: string, text: string): void {
  // A header that is none never reaches a server.
  headers.set(
    name,
    text
      .replaceAll(/[^\x20-\x7e]/g, '?')
      .trim()
      .slice(0, 2_000),
  )
}

const oddNumbers = [-1, 0.5, -0, 1e21, 2 ** 53, -(2 ** 53), 1e308, 5e-324, 4_294_967_296]

const oddTexts = [
  '',
  ' ',
  '0',
  '-1',
  'null',
  'NaN',
  '__proto__',
  'constructor',
  '%',
  '%00',
  '\u0000',
  '\ud800',
  '💥',
  '\u202Eabc',
  'ｆｕｌｌ',
  "'; DROP TABLE jobs; --",
  '{"a":1}',
  '../../etc/passwd',
  '9-01JD9ZXW4T5RJ7QK8M2N6P0VBC',
  '0-7ZZZZZZZZZZZZZZZZZZZZZZZZZ',
  '999999999-01JD9ZXW4T5RJ7QK8M2N6P0VBC',
  '2026-13-45T99:99:99Z',
  '9999-12-31T23:59:59.999Z',
  '0000-01-01T00:00:00Z',
  '99999999d',
  `${'9'.repeat(400)}d`,
  'x'.repeat(129),
  'x'.repeat(5_000),
  'ann@example.com',
  `${'a'.repeat(64)}@${'b'.repeat(250)}.com`,
]

const oddHeaders = [
  '*',
  '"',
  'W/"x", "y"',
  'wait=1',
  'wait=999999999999999999999',
  'wait="',
  'a=b; chard-admin=x.y',
  'bytes=0-',
  ',,,',
]
