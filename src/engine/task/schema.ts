/** The input of a job: validated by the task's schema, and written as JSON. Any Standard Schema: https://standardschema.dev */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { fitsBytes, inputBytesMax } from './bounds.ts'
import { ChardError, type InputIssue } from './errors.ts'

/** Findings in one error; more would help nobody. */
const issuesMax = 20

/**
 * The validated value.
 * @throws ChardError `invalid-input` with the schema's findings
 */
export async function validated<S extends StandardSchemaV1>(
  schema: S,
  value: unknown,
  task: string,
): Promise<StandardSchemaV1.InferOutput<S>> {
  const result = await schema['~standard'].validate(value)
  if (!result.issues) return result.value as StandardSchemaV1.InferOutput<S>
  throw inputError(task, result.issues)
}

/** The error for an input that its schema refuses, with up to twenty of the findings. */
export function inputError(task: string, found: readonly StandardSchemaV1.Issue[]): ChardError {
  const issues = found.slice(0, issuesMax).map(inputIssue)
  const summary = issues.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ')
  return new ChardError('invalid-input', `input of task ${task} does not fit its schema: ${summary}`, { issues })
}

function inputIssue({ message, path = [] }: StandardSchemaV1.Issue): InputIssue {
  const keys = path.map((part) => String(typeof part === 'object' ? part.key : part))
  return { path: keys.join('.'), message }
}

/**
 * The input as the JSON text that is stored. Made at the call, so that later changes to the object have no effect.
 * @throws ChardError `invalid-input` when it is not JSON; `too-large` when it is over 512 KiB
 */
export function serialised(input: unknown, task: string): string {
  let text: string | undefined
  try {
    text = JSON.stringify(input)
  } catch (cause) {
    throw new ChardError('invalid-input', `input of task ${task} is not JSON: ${(cause as Error).message}`, { cause })
  }
  if (text === undefined) {
    throw new ChardError('invalid-input', `input of task ${task} is ${typeof input}; it takes a JSON value`)
  }
  if (!fitsBytes(text, inputBytesMax)) {
    throw new ChardError(
      'too-large',
      `input of task ${task} is over ${inputBytesMax / 1024} KiB of JSON; store it in R2 and enqueue its key`,
    )
  }
  return text
}
