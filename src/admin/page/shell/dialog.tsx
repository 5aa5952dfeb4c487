/** Dialogs before an action. The browser's own dialog keeps the focus inside and gives it back. */
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import type { Refusal } from '../api/client.ts'
import { live } from '../api/use.ts'
import { toast } from './toast.tsx'

interface DialogProps {
  readonly title: string
  /** The label of the button that acts. */
  readonly verb: string
  readonly danger?: boolean
  /** Acts, and returns what to say afterwards. What it throws is shown in the dialog. */
  readonly act: () => Promise<string>
  readonly close: () => void
  readonly children?: ComponentChildren
}

export function Dialog({ title, verb, danger = false, act, close, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null)
  const heading = useId()
  const [isBusy, busy] = useState(false)
  const [error, refused] = useState<string>()
  useEffect(() => element.current?.showModal(), [])
  const submit = async (event: Event) => {
    event.preventDefault()
    busy(true)
    try {
      toast(await act())
      live.refresh()
      element.current?.close()
    } catch (thrown) {
      refused(saying(thrown))
    }
    busy(false)
  }
  return (
    <dialog ref={element} aria-labelledby={heading} onClose={close}>
      <form onSubmit={submit}>
        <h2 id={heading}>{title}</h2>
        {children}
        <p class="error" role="alert">
          {error}
        </p>
        <div class="actions">
          <button type="button" onClick={() => element.current?.close()}>
            Never mind
          </button>
          <button type="submit" class={danger ? 'primary danger' : 'primary'} disabled={isBusy}>
            {verb}
          </button>
        </div>
      </form>
    </dialog>
  )
}

/** For a button that acts at once: whether it is acting, and a function that acts. */
export function useAction(): [boolean, (act: () => Promise<unknown>, done: string) => Promise<void>] {
  const [isBusy, busy] = useState(false)
  const run = async (act: () => Promise<unknown>, done: string) => {
    busy(true)
    try {
      await act()
      toast(done)
    } catch (thrown) {
      toast(saying(thrown), true)
    }
    busy(false)
    live.refresh()
  }
  return [isBusy, run]
}

/** An error in words, with its findings. */
export function saying(thrown: unknown): string {
  const { message, findings = [] } = thrown as Refusal
  const [first] = findings
  return first && !message.includes(first.message) ? `${message} ${first.path} ${first.message}.` : message
}
