/**
 * A trace: one id for everything that one request led to, which is its jobs, their attempts, their children, and their lines
 * in the log. It is the trace id of the W3C: https://www.w3.org/TR/trace-context/
 */
import { refuse } from './refuse.ts'

const traceId = /^(?!0{32})[0-9a-f]{32}$/
/** Version 00 exactly; of a later version the fields of version 00, as the specification says. `ff` is no version. */
const traceparent = /^(?!ff)([0-9a-f]{2})-((?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/

/** The trace id of a `traceparent` header; undefined when there is no header, or it is not valid. */
export function traceIdOf(header: string | undefined): string | undefined {
  const [, version, id, more] = traceparent.exec(header ?? '') ?? []
  return version === '00' && more !== undefined ? undefined : id
}

/** @throws ChardError `invalid-option` */
export function checkedTrace(trace: string | undefined): string | undefined {
  if (trace !== undefined && !(typeof trace === 'string' && traceId.test(trace)))
    refuse('trace', trace, 'a trace id: 32 hexadecimal digits in lower case, not all zero')
  return trace
}
