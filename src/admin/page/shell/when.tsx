/** Times on the page: how long ago, kept up to date, with the exact time as a tooltip. */
import { useNow } from '../api/use.ts'
import { clock, exactly, relative } from '../health/time.ts'

/** `12 s ago`, `in 3 min`. */
export function Ago({ at }: { at: string | number | undefined }) {
  const now = useNow()
  if (at === undefined) return <span class="quiet">–</span>
  const ms = typeof at === 'number' ? at : Date.parse(at)
  return (
    <time dateTime={new Date(ms).toISOString()} title={exactly(ms)}>
      {relative(ms, now)}
    </time>
  )
}

/** `14:05`, or with its day; with seconds where times are close together. */
export function Clock({ at, seconds = false }: { at: string | number; seconds?: boolean }) {
  const ms = typeof at === 'number' ? at : Date.parse(at)
  return (
    <time dateTime={new Date(ms).toISOString()} title={exactly(ms)}>
      {clock(ms, Date.now(), seconds)}
    </time>
  )
}
