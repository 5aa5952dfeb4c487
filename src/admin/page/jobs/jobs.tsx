/** The list of jobs: the filters, a page of the list, and bulk actions on every job that the filters match. */

import { useEffect, useState } from 'preact/hooks'
import { useLive, useNow } from '../api/use.ts'
import type { JobList, JobSummary } from '../api/wire.ts'
import { duration } from '../health/time.ts'
import { Empty, Missing, Waiting } from '../shell/empty.tsx'
import { State } from '../shell/glyph.tsx'
import { apiFilter, type Filter, isFiltered, type JobsPlace, jobHash, jobsHash } from '../shell/route.ts'
import { Scroll } from '../shell/scroll.tsx'
import { Ago } from '../shell/when.tsx'
import { factsOf } from '../states/states.ts'
import { BulkButtons, BulkProgress } from './bulk.tsx'
import { Filters } from './filters.tsx'

const pageSize = 50

export function JobsView({ place }: { place: JobsPlace }) {
  const { filter, cursor, bulk } = place
  const now = useNow(30_000)
  const query = new URLSearchParams({ ...apiFilter(filter, now), limit: String(pageSize), ...(cursor && { cursor }) })
  const list = useLive<JobList>(`jobs?${query}`, 'jobs')
  // The previous page stays until the next one is there, because a list that flickers is hard to read.
  const [shown, show] = useState<JobList>()
  if (list.data && list.data !== shown) show(list.data)
  const data = list.data ?? (list.error ? undefined : shown)
  // Another page starts at its top.
  useEffect(() => scrollTo(0, 0), [cursor])
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Jobs</h1>
        <BulkButtons filter={filter} />
      </div>
      {bulk && <BulkProgress id={bulk} place={place} />}
      <section class="card" aria-label="List of jobs">
        <Filters filter={filter} />
        {!data ? (
          <Waiting of={list} absent="This engine does not list jobs" lines={8} />
        ) : data.jobs.length === 0 ? (
          <None filter={filter} list={data} isFirst={cursor === undefined} />
        ) : (
          <Table jobs={data.jobs} isStale={list.data === undefined} />
        )}
        <Missing shards={data?.missing} />
        {data && <Pages place={place} next={data.cursor} />}
      </section>
    </>
  )
}

function Table({ jobs, isStale }: { jobs: readonly JobSummary[]; isStale: boolean }) {
  return (
    <Scroll name="Table of jobs" isBusy={isStale}>
      <table class="jobs">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Task</th>
            <th scope="col">Job</th>
            <th scope="col" class="number">
              Attempt
            </th>
            <th scope="col">Created</th>
            <th scope="col" class="number">
              Took
            </th>
            <th scope="col">About</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <Row key={job.id} job={job} />
          ))}
        </tbody>
      </table>
    </Scroll>
  )
}

function Row({ job }: { job: JobSummary }) {
  const { id, task, state, reason, attempt, maxAttempts, createdAt, startedAt, finishedAt } = job
  return (
    <tr>
      <td>
        <State of={state} reason={reason} />
      </td>
      <td>{task}</td>
      <td>
        <a class="id" href={jobHash(id)} title={id}>
          {shortId(id)}
          <span class="unseen"> {id}</span>
        </a>
      </td>
      <td class="number">
        {attempt}
        <span class="quiet"> / {maxAttempts}</span>
      </td>
      <td>
        <Ago at={createdAt} />
      </td>
      <td class="number">
        {startedAt && finishedAt ? (
          duration(Date.parse(finishedAt) - Date.parse(startedAt))
        ) : (
          <span class="quiet">–</span>
        )}
      </td>
      <td class="about">
        <About job={job} />
      </td>
    </tr>
  )
}

/** What distinguishes this job from others, in one line. */
function About({ job }: { job: JobSummary }) {
  const { state, dueAt, progress, error, tags, idempotencyKey, partition, schedule, priority, after } = job
  return (
    <>
      {state === 'running' && progress && (
        <span class="small-progress">
          <progress max={1} value={progress.value} aria-label="Progress" />
          {progress.message}
        </span>
      )}
      {factsOf(state).phase === 'due' && dueAt && (
        <span>
          due <Ago at={dueAt} />
        </span>
      )}
      {after && <span class="quiet">waits for another</span>}
      {state !== 'completed' && error && <span class="state-failed">{error.code ?? error.name}</span>}
      {schedule && <span class="quiet">{schedule.name}</span>}
      {idempotencyKey !== undefined && <span class="quiet mono">{idempotencyKey}</span>}
      {partition !== undefined && partition !== idempotencyKey && <span class="quiet">of {partition}</span>}
      {priority !== 0 && <span class="quiet">priority {priority}</span>}
      {tags.map((tag) => (
        <a key={tag} class="tag" href={jobsHash({ tag })}>
          {tag}
        </a>
      ))}
    </>
  )
}

/** The shard and the end of the id. The beginning is the time, which is nearly the same in all jobs of a page. */
export function shortId(id: string): string {
  const [shard, ulid = ''] = id.split('-')
  return `${shard}-…${ulid.slice(-8)}`
}

function None({ filter, list, isFirst }: { filter: Filter; list: JobList; isFirst: boolean }) {
  if (list.cursor !== undefined) {
    return (
      <Empty title="Nothing in this stretch of history">
        <p>None of the many jobs that were searched matches. “Older” searches further back.</p>
      </Empty>
    )
  }
  if (!isFirst) return <Empty title="That was the oldest page" />
  if (!isFiltered(filter)) {
    return (
      <Empty title="No job yet">
        <p>As soon as one is enqueued it appears here.</p>
      </Empty>
    )
  }
  return (
    <Empty
      title={
        filter.state === 'failed' && !filter.key && !filter.tag ? 'Nothing has failed' : 'No job matches these filters'
      }
    >
      {filter.key && (
        <p>
          No job has the key “{filter.key}”. <a href={jobsHash({ tag: filter.key })}>Look for it as a tag</a>
        </p>
      )}
      <p>
        <a href={jobsHash({})}>All jobs</a>
      </p>
    </Empty>
  )
}

/** Every page has a URL, so the browser's back button leads to the newer page. */
function Pages({ place, next }: { place: JobsPlace; next: string | undefined }) {
  const { filter, cursor } = place
  if (cursor === undefined && next === undefined) return null
  return (
    <nav class="pages" aria-label="Pages">
      {cursor !== undefined && (
        <>
          <a class="button small" href={jobsHash(filter)}>
            Newest
          </a>
          <button type="button" class="small" onClick={() => history.back()}>
            ← Newer
          </button>
        </>
      )}
      {next !== undefined && (
        <a class="button small" href={jobsHash(filter, { cursor: next })}>
          Older →
        </a>
      )}
    </nav>
  )
}
