/** What a handler threw. */
import type { JobError } from '../api/wire.ts'

export function Thrown({ error: { name, message, code, stack } }: { error: JobError }) {
  return (
    <div class="thrown">
      <p>
        <strong>{name}</strong>
        {code && <code>{code}</code>} <span>{message}</span>
      </p>
      {stack && (
        <details>
          <summary>Stack</summary>
          <pre>{stack}</pre>
        </details>
      )}
    </div>
  )
}
