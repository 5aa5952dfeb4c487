/** What is shown where there is nothing yet, nothing here, or nothing at all. */
import type { ComponentChildren } from 'preact'
import type { Resource } from '../api/use.ts'

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  )
}

export function Loading({ lines = 3 }: { lines?: number }) {
  return (
    <div class="loading" role="status">
      <span class="unseen">Loading</span>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} class="bone" />
      ))}
    </div>
  )
}

/** A placeholder while an answer has not arrived. */
export function Waiting({ of, absent, lines }: { of: Resource<unknown>; absent: string; lines?: number }) {
  if (of.isAbsent) return <Empty title={absent} />
  if (!of.error) return <Loading {...(lines !== undefined && { lines })} />
  return (
    <Empty title="This could not be loaded">
      <p>{of.error.message} It is tried again by itself.</p>
    </Empty>
  )
}

/** A note that an answer is incomplete. */
export function Missing({ shards }: { shards: readonly number[] | undefined }) {
  if (!shards || shards.length === 0) return null
  return (
    <p class="partial">
      Without {shards.length === 1 ? 'shard' : 'shards'} {shards.join(', ')}, which did not answer.
    </p>
  )
}
