/** One job: its state, its progress, its history, and what can be done about it. */
import { useState } from 'preact/hooks'
import { jobPath, useLive, useNow } from '../api/use.ts'
import type { JobDetail } from '../api/wire.ts'
import { duration } from '../health/time.ts'
import { Empty, Waiting } from '../shell/empty.tsx'
import { State } from '../shell/glyph.tsx'
import { jobHash, jobsHash, taskHash } from '../shell/route.ts'
import { toast } from '../shell/toast.tsx'
import { Ago, Clock } from '../shell/when.tsx'
import { factsOf, isFinal } from '../states/states.ts'
import { Fact } from '../tasks/task.tsx'
import { JobActions } from './actions.tsx'
import { Json } from './json.tsx'
import { Thrown } from './thrown.tsx'
import { Timeline } from './timeline.tsx'

export function JobView({ id }: { id: string }) {
  const [ended, end] = useState(false)
  const job = useLive<JobDetail>(jobPath(id), ended ? 'ended' : 'job')
  const { data, error } = job
  const isEnded = data !== undefined && isFinal(data.state)
  if (isEnded !== ended) end(isEnded)
  return (
    <>
      <div class="view-head">
        <div>
          <p class="crumb">
            <a href="#/jobs">Jobs</a>
          </p>
          <h1 tabIndex={-1}>{data ? <a href={taskHash(data.task)}>{data.task}</a> : 'Job'}</h1>
          <p class="id-line">
            <span class="id">{id}</span> <CopyButton id={id} />
          </p>
        </div>
        {data && <JobActions job={data} />}
      </div>
      {data ? (
        <Whole job={data} />
      ) : (
        <section class="card">
          {error && error.status >= 404 && error.status <= 410 ? (
            <Empty title={error.status === 410 ? 'This job is no longer kept' : 'There is no such job'}>
              <p>{error.message}</p>
            </Empty>
          ) : (
            <Waiting of={job} absent="There is no such job" lines={6} />
          )}
        </section>
      )}
    </>
  )
}

function CopyButton({ id }: { id: string }) {
  // Browsers have a clipboard only on a page over https.
  if (!navigator.clipboard) return null
  const copy = () =>
    navigator.clipboard.writeText(id).then(
      () => toast('The id is copied.'),
      () => toast('The browser did not allow it.', true),
    )
  return (
    <button type="button" class="bare" onClick={copy}>
      Copy id
    </button>
  )
}

function Whole({ job }: { job: JobDetail }) {
  const { state, reason, progress, error, input, redacted, output } = job
  return (
    <>
      <section class="card job-now" aria-label="State">
        <div class="job-state" role="status">
          <State of={state} reason={reason} />
          <Now job={job} />
        </div>
        {factsOf(state).phase === 'running' && (
          <div class="job-progress">
            <progress max={1} aria-label="Progress" {...(progress && { value: progress.value })} />
            <span>
              {progress ? `${Math.round(progress.value * 100)} %` : ''} {progress?.message}
            </span>
          </div>
        )}
        {error && state !== 'completed' && <Thrown error={error} />}
        <Facts job={job} />
      </section>
      <div class="job-body">
        <section class="card" aria-labelledby="timeline">
          <h2 id="timeline">Timeline</h2>
          <Timeline job={job} />
        </section>
        <div class="stack">
          <section class="card" aria-labelledby="input">
            <h2 id="input">Input</h2>
            {redacted && <p class="quiet">The task shows operators only a part of it, or nothing.</p>}
            {input !== undefined && <Json value={input} title="Input" />}
          </section>
          <section class="card" aria-labelledby="output">
            <h2 id="output">Output</h2>
            {output === undefined ? (
              <p class="quiet">{isFinal(state) ? 'None.' : 'Not yet.'}</p>
            ) : (
              <Json value={output} title="Output" />
            )}
          </section>
        </div>
      </div>
    </>
  )
}

/** The state in a sentence. */
function Now({ job }: { job: JobDetail }) {
  const now = useNow()
  const { state, dueAt, createdAt, startedAt, finishedAt, attempt, maxAttempts } = job
  const { phase, isRetry } = factsOf(state)
  switch (phase) {
    case 'due':
      return (
        <span>
          {isRetry && `attempt ${attempt} of ${maxAttempts} did not succeed; `}
          next {dueAt ? <Ago at={dueAt} /> : 'soon'}
        </span>
      )
    case 'ready':
      return <span>for {duration(Math.max(1_000, seconds(now - Date.parse(dueAt ?? createdAt))))}</span>
    case 'running':
      return (
        <span>
          attempt {attempt} of {maxAttempts}
          {startedAt && `, for ${duration(Math.max(1_000, seconds(now - Date.parse(startedAt))))}`}
        </span>
      )
    case 'ended':
      return <span>{finishedAt && <Ago at={finishedAt} />}</span>
  }
}

/** Whole seconds, so that a running time does not flicker. */
function seconds(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000
}

function Facts({ job }: { job: JobDetail }) {
  const { createdAt, startedAt, finishedAt, attempt, maxAttempts, priority, tags, idempotencyKey } = job
  const { partition, schedule, after, expiresAt, trace } = job
  const ran = startedAt && finishedAt && Date.parse(finishedAt) - Date.parse(startedAt)
  return (
    <dl class="facts">
      <Fact name="Created">
        <Clock at={createdAt} />
      </Fact>
      {finishedAt && (
        <Fact name="Ended">
          <Clock at={finishedAt} />
        </Fact>
      )}
      {typeof ran === 'number' && <Fact name="Last attempt took">{duration(ran)}</Fact>}
      <Fact name="Attempts">
        {attempt} of {maxAttempts}
      </Fact>
      <Fact name="Priority">{priority}</Fact>
      {expiresAt && (
        <Fact name="Fails if not started">
          <Ago at={expiresAt} />
        </Fact>
      )}
      {schedule && (
        <Fact name="Schedule">
          <a href="#/schedules">{schedule.name}</a>, slot <Clock at={schedule.slot} />
        </Fact>
      )}
      {after && (
        <Fact name="Waits for">
          <a class="id" href={jobHash(after)}>
            {after}
          </a>
        </Fact>
      )}
      {idempotencyKey !== undefined && (
        <Fact name="Key">
          <a class="mono" href={jobsHash({ key: idempotencyKey })}>
            {idempotencyKey}
          </a>
        </Fact>
      )}
      {partition !== undefined && <Fact name="Partition">{partition}</Fact>}
      {tags.length > 0 && (
        <Fact name="Tags">
          {tags.map((tag) => (
            <a key={tag} class="tag" href={jobsHash({ tag })}>
              {tag}
            </a>
          ))}
        </Fact>
      )}
      {trace && (
        <Fact name="Trace">
          <span class="mono">{trace}</span>
        </Fact>
      )}
    </dl>
  )
}
