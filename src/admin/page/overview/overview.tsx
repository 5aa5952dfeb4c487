/** The deployment at a glance: counts by state, activity, tasks and shards. */
import { useNow, useOverview } from '../api/use.ts'
import type { Overview } from '../api/wire.ts'
import { ChartsOf } from '../charts/charts.tsx'
import { count, duration } from '../health/time.ts'
import { oldestReady, oldMs } from '../health/verdict.ts'
import { Empty, Missing, Waiting } from '../shell/empty.tsx'
import { Glyph } from '../shell/glyph.tsx'
import { jobsHash, overviewHash, type Span } from '../shell/route.ts'
import { type Counts, finalStates, type JobState, liveStates, sumOf } from '../states/states.ts'
import { TaskTable } from '../tasks/table.tsx'
import { Deployment } from './deployment.tsx'

export function OverviewView({ span }: { span: Span }) {
  const overview = useOverview('overview')
  return (
    <>
      <h1 tabIndex={-1} class="unseen">
        Overview
      </h1>
      {overview.data ? (
        <States overview={overview.data} />
      ) : (
        <section class="card">
          <Waiting of={overview} absent="This engine tells no counts" lines={2} />
        </section>
      )}
      {overview.data && sumOf(overview.data.states) === 0 && <First />}
      <ChartsOf span={span} hrefOf={overviewHash} />
      <TaskTable />
      {overview.data && <Deployment overview={overview.data} />}
    </>
  )
}

function States({ overview }: { overview: Overview }) {
  const { states, shards, missing } = overview
  const runners = shards.reduce((sum, shard) => sum + shard.runners, 0)
  return (
    <section class="tiles" aria-label="Jobs by state">
      <div class="tile-group">
        <h2>At work</h2>
        <div class="tile-row">
          {liveStates.map((state) => (
            <Tile key={state} state={state} states={states} />
          ))}
          <Oldest overview={overview} />
          <div class={`tile is-fact${runners === 0 ? ' is-zero' : ''}`}>
            <span class="tile-label">runners</span>
            <span class="tile-number">{count(runners)}</span>
          </div>
        </div>
      </div>
      <div class="tile-group">
        <h2>Ended and kept</h2>
        <div class="tile-row">
          {finalStates.map((state) => (
            <Tile key={state} state={state} states={states} />
          ))}
        </div>
      </div>
      <Missing shards={missing} />
    </section>
  )
}

function Tile({ state, states }: { state: JobState; states: Counts }) {
  const value = states[state]
  return (
    <a class={`tile state-${state}${value === 0 ? ' is-zero' : ''}`} href={jobsHash({ state })}>
      <span class="tile-label">
        <Glyph of={state} />
        {state}
      </span>
      <span class="tile-number">{count(value)}</span>
    </a>
  )
}

function Oldest({ overview }: { overview: Overview }) {
  const now = useNow()
  const found = oldestReady(overview)
  const waited = found ? Math.max(0, now - found.at) : 0
  return (
    <div class={`tile is-fact${waited >= oldMs.warn ? ' is-old' : ''}${found ? '' : ' is-zero'}`}>
      <span class="tile-label">oldest ready</span>
      <span class="tile-number">{found ? duration(Math.max(1_000, waited - (waited % 1_000))) : '–'}</span>
    </div>
  )
}

/** A deployment that has never had a job. */
function First() {
  return (
    <section class="card">
      <Empty title="No job yet">
        <p>
          Jobs appear here by themselves, as soon as one is enqueued: <code>await task.enqueue(input)</code>, or{' '}
          <code>POST api/jobs</code> under this address.
        </p>
      </Empty>
    </section>
  )
}
