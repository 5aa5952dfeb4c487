/** A value as it was recorded, as JSON. */

import { count } from '../health/time.ts'
import { Scroll } from '../shell/scroll.tsx'

/** A browser takes long to draw half a megabyte of text, and nobody reads it. */
const shownChars = 20_000

export function Json({ value, title }: { value: unknown; title: string }) {
  const text = JSON.stringify(value, null, 2)
  return (
    <>
      <Scroll class="" name={`${title} as JSON`}>
        <pre>{text.slice(0, shownChars)}</pre>
      </Scroll>
      {text.length > shownChars && (
        <p class="quiet">
          The first {count(shownChars)} of {count(text.length)} characters; the API has all of them.
        </p>
      )}
    </>
  )
}
