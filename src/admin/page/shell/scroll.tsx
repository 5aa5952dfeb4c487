/** A part that is wider or longer than its place. It scrolls, can be reached with the keyboard, and has a name. */
import type { ComponentChildren } from 'preact'

interface ScrollProps {
  readonly name: string
  readonly class?: string
  readonly isBusy?: boolean
  readonly children: ComponentChildren
}

export function Scroll({ name, class: style = 'scroll', isBusy = false, children }: ScrollProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: so that the keyboard reaches it
    <section class={style} tabIndex={0} aria-label={name} aria-busy={isBusy}>
      {children}
    </section>
  )
}
