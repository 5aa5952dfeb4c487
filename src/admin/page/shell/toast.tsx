/** The result of an action: shown for a while, and read once by screen readers. */
import { useEffect, useReducer } from 'preact/hooks'
import { Glyph } from './glyph.tsx'

interface Toast {
  readonly id: number
  readonly text: string
  readonly isError: boolean
}

const shownMs = { done: 6_000, error: 12_000 }

let toasts: readonly Toast[] = []
let next = 0
let changed = () => {}

export function toast(text: string, isError = false): void {
  const id = next++
  toasts = [...toasts.slice(-2), { id, text, isError }]
  changed()
  setTimeout(() => dismiss(id), isError ? shownMs.error : shownMs.done)
}

function dismiss(id: number): void {
  toasts = toasts.filter((one) => one.id !== id)
  changed()
}

export function Toasts() {
  const [, turn] = useReducer((count: number) => count + 1, 0)
  useEffect(() => {
    changed = () => turn(undefined)
  }, [])
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.map(({ id, text, isError }) => (
        <div key={id} class={isError ? 'toast is-error' : 'toast'}>
          <Glyph of={isError ? 'bad' : 'good'} />
          <span>{text}</span>
          <button type="button" class="bare" aria-label="Dismiss" onClick={() => dismiss(id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  )
}
