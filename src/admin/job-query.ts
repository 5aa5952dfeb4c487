/**
 * The query of a job list: text from a URL to the engine's `JobQuery`, or findings that say what each parameter takes.
 * An unknown one is refused, not ignored: with a misspelt filter left out, a list would show what nobody asked for.
 */
import * as z from 'zod'
import { type InputIssue, type JobQuery, jobStates } from '../engine/index.ts'

/** Says what came and what is taken. The value came from the reader's own URL. */
function takes(what: string) {
  return { error: ({ input }: { input?: unknown }) => `is ${JSON.stringify(input)?.slice(0, 100)}; it takes ${what}` }
}

const text = (charsMax: number) => {
  const message = takes(`1 to ${charsMax} characters`)
  return z.string().min(1, message).max(charsMax, message).optional()
}

const pageSize = takes('a whole number from 1 to 100')

const listQuery = z.strictObject({
  state: z.enum(jobStates, takes(`one of ${jobStates.join(', ')}`)).optional(),
  task: text(100),
  tag: text(128),
  key: text(512),
  limit: z
    .string()
    .regex(/^([1-9]\d?|100)$/, pageSize)
    .transform(Number)
    .optional(),
  cursor: text(4_096),
})

const names = Object.keys(listQuery.shape).join(', ')

export type ParsedJobQuery = { readonly query: JobQuery } | { readonly errors: readonly InputIssue[] }

export function parseJobQuery(params: URLSearchParams): ParsedJobQuery {
  const repeated = [...new Set(params.keys())].filter((name) => params.getAll(name).length > 1)
  if (repeated.length > 0) return { errors: repeated.map((path) => ({ path, message: 'is given more than once' })) }
  const parsed = listQuery.safeParse(Object.fromEntries(params))
  if (!parsed.success) return { errors: parsed.error.issues.flatMap(findings) }
  const { key, ...rest } = parsed.data
  const given = { ...rest, idempotencyKey: key }
  return { query: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) }
}

function findings(issue: z.core.$ZodIssue): InputIssue[] {
  if (issue.code !== 'unrecognized_keys') return [{ path: issue.path.join('.'), message: issue.message }]
  return issue.keys.map((path) => ({ path, message: `is not known here; the parameters are ${names}` }))
}
