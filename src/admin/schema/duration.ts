/** A duration, as the engine takes it. */
import { z } from '@hono/zod-openapi'
import type { Duration } from '../../engine/index.ts'
import { takes } from './text.ts'

export const duration = z
  .union(
    [z.int().min(0), z.string().regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/)],
    takes("milliseconds or a text such as '30s', '5m', '2h'"),
  )
  .transform((value) => value as Duration)
  .openapi({ example: '5m' })
