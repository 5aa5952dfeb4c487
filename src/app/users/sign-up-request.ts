/**
 * A sign-up as it arrives, in JSON or as a query, checked and brought to one form. Everything that a client sends is checked here
 * and not again. Unknown fields are refused, because otherwise a misspelt `userid` would create a user with another id.
 */
import * as z from 'zod'
import type { InputIssue } from '../../engine/index.ts'
import { type EmailAddress, emailAddress } from './email-address.ts'
import { isUserId, parseUserId, userIdMax, userIdTakes } from './user-id.ts'

export interface SignUpRequest {
  /** Undefined: one is drawn. */
  readonly userId: number | undefined
  readonly email: EmailAddress
}

const email = z
  .string({ error: ({ input }) => (input === undefined ? 'is missing' : 'takes a string') })
  .meta({ format: 'email', example: 'ann@example.com' })
  .transform((text, { addIssue }): EmailAddress => {
    const email = emailAddress(text)
    if (typeof email !== 'string') return email
    addIssue({ code: 'custom', message: email })
    return z.NEVER
  })

/** `{ "userId": 123, "email": "ann@example.com" }`; `userId` may be left out. */
export const jsonForm = z.strictObject(
  {
    userId: z
      .custom<number>(isUserId, `takes ${userIdTakes}`)
      .meta({ type: 'integer', minimum: 1, maximum: userIdMax, example: 123 })
      .optional(),
    email,
  },
  {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? unknownFields(issue.keys, 'userId and email') : 'takes an object',
  },
)

/** `?user_id=123&email=ann@example.com`: every value is a text, and each field is given once. */
export const queryForm = z.strictObject(
  {
    user_id: z
      .array(z.string())
      .max(1, 'is there more than once')
      .transform(([text = ''], { addIssue }) => {
        const id = parseUserId(text)
        if (id !== undefined) return id
        addIssue({ code: 'custom', message: `takes ${userIdTakes}, in plain digits` })
        return z.NEVER
      })
      .optional(),
    email: z
      .array(z.string(), 'is missing')
      .max(1, 'is there more than once')
      .transform(([text]) => text)
      .pipe(email),
  },
  {
    error: (issue) => (issue.code === 'unrecognized_keys' ? unknownFields(issue.keys, 'user_id and email') : undefined),
  },
)

/** The checked request, or what to change in it. */
export type Checked = { readonly request: SignUpRequest } | { readonly issues: InputIssue[] }

export function checkJson(body: unknown): Checked {
  const { success, data, error } = jsonForm.safeParse(body)
  return success ? { request: { userId: data.userId, email: data.email } } : { issues: issuesOf(error) }
}

/** @param query every value of every parameter, as `URLSearchParams` has them */
export function checkQuery(query: URLSearchParams): Checked {
  const fields = Object.fromEntries([...query.keys()].map((name) => [name, query.getAll(name)]))
  const { success, data, error } = queryForm.safeParse(fields)
  return success ? { request: { userId: data.user_id, email: data.email } } : { issues: issuesOf(error) }
}

function unknownFields(keys: readonly string[], known: string): string {
  const shown = keys.slice(0, 5).map((key) => JSON.stringify(key.slice(0, 40)))
  return `has fields that are not known: ${shown.join(', ')}. Known are ${known}`
}

function issuesOf({ issues }: z.ZodError): InputIssue[] {
  return issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message }))
}
