/** Moments on the page: how long ago, counting along, with the exact time for whoever points at it. */
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

/** `14:05`, or with its day; with its second where things follow each other closely. */
export function Clock({ at, seconds = false }: { at: string | number; seconds?: boolean }) {
  const ms = typeof at === 'number' ? at : Date.parse(at)
  return (
    <time dateTime={new Date(ms).toISOString()} title={exactly(ms)}>
      {clock(ms, Date.now(), seconds)}
    </time>
  )
}
