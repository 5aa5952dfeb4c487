/** Turns the query of a URL into the engine's query for jobs. The same filter, as JSON, selects jobs for a bulk action. */
import { z } from '@hono/zod-openapi'
import { type JobFilter, type JobQuery, jobStates } from '../engine/index.ts'
import { takes, text, timestamp } from './schema/text.ts'

const filter = {
  state: z.enum(jobStates, takes(`one of ${jobStates.join(', ')}`)).optional(),
  task: text(110).optional(),
  tag: text(128).optional(),
  key: text(512).optional().meta({ description: 'The idempotency key.' }),
  createdAfter: timestamp.optional(),
  createdBefore: timestamp.optional(),
}

export const filterSchema = z.strictObject(filter)

const pageSize = takes('a whole number from 1 to 100')

export const listQuerySchema = z.object({
  ...filter,
  limit: z
    .string()
    .refine((text) => /^([1-9]\d?|100)$/.test(text), pageSize)
    .transform(Number)
    .optional()
    .openapi({ type: 'integer', minimum: 1, maximum: 100, default: 20 }),
  cursor: text(4_096).optional().meta({ description: 'The `cursor` of the previous page.' }),
})

/** The filter as the engine takes it. */
export function jobFilter({ key, ...rest }: z.output<typeof filterSchema>): JobFilter {
  return given({ ...rest, idempotencyKey: key })
}

export function jobQuery({ key, ...rest }: z.output<typeof listQuerySchema>): JobQuery {
  return given({ ...rest, idempotencyKey: key })
}

/** Removes what is undefined, because to the engine an option is there or it is not. */
export function given<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as never
}
