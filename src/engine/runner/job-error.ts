/** Makes storable whatever was thrown: an Error, a string, undefined, or an object whose getters throw. */

import { errorCharsMax } from '../task/bounds.ts'
import type { JobError } from '../task/job.ts'

export function jobErrorOf(thrown: unknown): JobError {
  try {
    if (typeof thrown !== 'object' || thrown === null) return { name: 'Error', message: cut(`threw ${String(thrown)}`) }
    const { name, message, stack, code } = thrown as {
      name?: unknown
      message?: unknown
      stack?: unknown
      code?: unknown
    }
    return {
      name: typeof name === 'string' && name !== '' ? name.slice(0, 100) : 'Error',
      message: cut(typeof message === 'string' ? message : `threw ${JSON.stringify(thrown)}`),
      ...(typeof stack === 'string' && { stack: cut(stack) }),
      ...(typeof code === 'string' && { code: code.slice(0, 100) }),
    }
  } catch {
    return { name: 'Error', message: 'threw something that cannot be looked at' }
  }
}

function cut(text: string): string {
  return text.length > errorCharsMax ? `${text.slice(0, errorCharsMax - 1)}…` : text
}
