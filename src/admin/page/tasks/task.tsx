/** One task: its counts, its policy and limits, its charts. */
import type { ComponentChildren } from 'preact'
import { useCharts, useTasks } from '../api/use.ts'
import type { Task } from '../api/wire.ts'
import { ChartsOf, upTo } from '../charts/charts.tsx'
import { periodStatsOf } from '../charts/series.ts'
import { count, duration } from '../health/time.ts'
import { Empty, Waiting } from '../shell/empty.tsx'
import { Glyph } from '../shell/glyph.tsx'
import { jobsHash, type Span, taskHash } from '../shell/route.ts'
import { states } from '../states/states.ts'
import { DrainButton, LimitsButton, PauseButton } from './control.tsx'
import { limitWords } from './limits.ts'
import { recentMinutes, TaskMarks } from './table.tsx'

export function TaskView({ name, span }: { name: string; span: Span }) {
  const list = useTasks()
  const task = list.data?.tasks.find((one) => one.name === name)
  return (
    <>
      <div class="view-head">
        <div>
          <p class="crumb">Task</p>
          <h1 tabIndex={-1}>{name}</h1>
          {task && <TaskMarks task={task} />}
        </div>
        {task && (
          <div class="actions">
            <LimitsButton task={task} />
            <DrainButton task={task} />
            <PauseButton task={task} />
          </div>
        )}
      </div>
      {task ? (
        <Facts task={task} />
      ) : (
        <section class="card">
          {list.data ? (
            <Empty title="There is no task of this name">
              <p>It may have been renamed, or no job of it is kept any more.</p>
            </Empty>
          ) : (
            <Waiting of={list} absent="This engine does not tell of its tasks" />
          )}
        </section>
      )}
      <ChartsOf span={span} task={name} hrefOf={(span) => taskHash(name, span)} />
    </>
  )
}

function Facts({ task }: { task: Task }) {
  const { name, counts, policy, limits } = task
  const charts = useCharts('hour').data
  const sums = charts && periodStatsOf(charts, recentMinutes, name)
  const [code, now] = [limitWords(limits.code).join(', '), limitWords(limits.now).join(', ')]
  return (
    <section class="card" aria-label="Facts">
      <ul class="count-row">
        {states.map((state) => (
          <li key={state}>
            <a
              class={`state state-${state}${counts[state] === 0 ? ' is-zero' : ''}`}
              href={jobsHash({ state, task: name })}
            >
              <Glyph of={state} />
              <b>{count(counts[state])}</b> {state}
            </a>
          </li>
        ))}
      </ul>
      <dl class="facts">
        <Fact name="Attempts">{policy ? `up to ${policy.maxAttempts}` : 'not known to this code'}</Fact>
        {policy && <Fact name="Timeout">{duration(policy.timeoutMs)}</Fact>}
        {policy?.retentionMs !== undefined && <Fact name="Kept for">{duration(policy.retentionMs)}</Fact>}
        <Fact name="Limits">
          {now || 'none'}
          {now !== code && <span class="quiet"> · set by hand; the code says {code || 'none'}</span>}
        </Fact>
        {sums?.queueP50 !== undefined && (
          <Fact name="Queued, p50 / p95">
            {upTo(sums.queueP50)} / {upTo(sums.queueP95)}
          </Fact>
        )}
        {sums?.runP50 !== undefined && (
          <Fact name="Run, p50 / p95">
            {upTo(sums.runP50)} / {upTo(sums.runP95)}
          </Fact>
        )}
      </dl>
    </section>
  )
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
