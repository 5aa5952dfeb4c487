/** Every task in one line: its jobs, its rates and times, and what holds it back. */

import { useCharts, useTasks } from '../api/use.ts'
import type { Charts, Task } from '../api/wire.ts'
import { upTo } from '../charts/charts.tsx'
import { periodStatsOf } from '../charts/series.ts'
import { count, rate } from '../health/time.ts'
import { Empty, Missing, Waiting } from '../shell/empty.tsx'
import { jobsHash, taskHash } from '../shell/route.ts'
import { Scroll } from '../shell/scroll.tsx'
import { waiting } from '../states/states.ts'
import { PauseButton } from './control.tsx'
import { limitWords } from './limits.ts'

/** Rates and percentiles are of the last minutes, so that they show the present. */
export const recentMinutes = 15

export function TaskTable() {
  const tasks = useTasks()
  const charts = useCharts('hour')
  return (
    <section class="card" aria-labelledby="tasks">
      <div class="card-head">
        <h2 id="tasks">Tasks</h2>
        <span class="quiet">Rates and times of the last {recentMinutes} minutes</span>
      </div>
      {!tasks.data ? (
        <Waiting of={tasks} absent="This engine does not tell of its tasks" />
      ) : tasks.data.tasks.length === 0 ? (
        <Empty title="No task is served" />
      ) : (
        <Table tasks={tasks.data.tasks} charts={charts.data} />
      )}
      <Missing shards={tasks.data?.missing} />
    </section>
  )
}

function Table({ tasks, charts }: { tasks: readonly Task[]; charts: Charts | undefined }) {
  return (
    <Scroll name="Table of tasks">
      <table>
        <thead>
          <tr>
            <th scope="col">Task</th>
            <th scope="col" class="number">
              Waiting
            </th>
            <th scope="col" class="number">
              Running
            </th>
            <th scope="col" class="number">
              Failed
            </th>
            <th scope="col" class="number">
              Done a minute
            </th>
            <th scope="col" class="number">
              Failing
            </th>
            <th scope="col" class="number">
              Queued p50 / p95
            </th>
            <th scope="col" class="number">
              Run p50 / p95
            </th>
            <th scope="col">Limits</th>
            <th scope="col">
              <span class="unseen">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tasks.map((task) => (
            <Row key={task.name} task={task} charts={charts} />
          ))}
        </tbody>
      </table>
    </Scroll>
  )
}

function Row({ task, charts }: { task: Task; charts: Charts | undefined }) {
  const { name, counts, limits } = task
  const sums = charts && periodStatsOf(charts, recentMinutes, name)
  const ended = sums ? sums.completed + sums.failed : 0
  return (
    <tr>
      <th scope="row">
        <a href={taskHash(name)}>{name}</a>
        <TaskMarks task={task} />
      </th>
      <td class="number">
        <Quantity of={waiting(counts)} />
      </td>
      <td class="number">
        <Quantity of={counts.running} />
      </td>
      <td class="number">
        {counts.failed === 0 ? (
          <Quantity of={0} />
        ) : (
          <a class="state-failed" href={jobsHash({ state: 'failed', task: name })}>
            {count(counts.failed)}
          </a>
        )}
      </td>
      <td class="number">{sums && ended > 0 ? rate(sums.completed / sums.minutes) : <Quantity of={0} />}</td>
      <td class="number">{sums && ended > 0 ? share(sums.failed / ended) : <span class="quiet">–</span>}</td>
      <td class="number">{pair(sums?.queueP50, sums?.queueP95)}</td>
      <td class="number">{pair(sums?.runP50, sums?.runP95)}</td>
      <td>{limitWords(limits.now).join(', ') || <span class="quiet">none</span>}</td>
      <td class="number">
        <PauseButton task={task} />
      </td>
    </tr>
  )
}

export function TaskMarks({ task: { served, paused, draining } }: { task: Task }) {
  return (
    <>
      {paused && <span class="chip is-note">paused</span>}
      {draining && <span class="chip is-note">draining</span>}
      {!served && <span class="chip is-warn">not served</span>}
    </>
  )
}

/** A zero is drawn faintly, because it needs no attention. */
function Quantity({ of }: { of: number }) {
  return <span class={of === 0 ? 'quiet' : undefined}>{count(of)}</span>
}

function share(value: number) {
  if (value === 0) return <span class="quiet">0 %</span>
  return (
    <span class={value >= 0.1 ? 'state-failed' : undefined}>{value < 0.01 ? '< 1' : Math.round(value * 100)} %</span>
  )
}

function pair(p50: number | undefined, p95: number | undefined) {
  if (p50 === undefined) return <span class="quiet">–</span>
  return `${upTo(p50)} / ${upTo(p95)}`
}
