/** The history of a job: attempts with their errors and logs, the waits between them, and what comes next. */
import type { ComponentChildren } from 'preact'
import type { Attempt, JobDetail, Outcome } from '../api/wire.ts'
import { duration } from '../health/time.ts'
import { Glyph } from '../shell/glyph.tsx'
import { Scroll } from '../shell/scroll.tsx'
import { Ago, Clock } from '../shell/when.tsx'
import { factsOf, isFinal, type JobState } from '../states/states.ts'
import { Thrown } from './thrown.tsx'

const outcomeWords: Record<Outcome, string> = {
  completed: 'completed',
  failed: 'failed',
  snoozed: 'snoozed: it uses no attempt',
  rejected: 'was rejected: it can never succeed',
  cancelled: 'was cancelled',
  lapsed: 'lapsed: its runner did not answer',
}

export function Timeline({ job }: { job: JobDetail }) {
  const { history, createdAt, startedAt, dueAt, finishedAt, state, attempt } = job
  const { phase, isRetry } = factsOf(state)
  const first = history[0]
  // History is bounded: when a job has very many attempts, the oldest are dropped.
  const isCut = first !== undefined && first.attempt > 1
  return (
    <ol class="timeline">
      <Step sign="queued" at={createdAt} title="Created" />
      {isCut && <Step sign="scheduled" title="Older attempts are no longer kept" />}
      {history.map((one, index) => (
        <AttemptStep
          key={`${one.attempt} ${one.startedAt}`}
          one={one}
          before={history[index - 1]?.endedAt ?? (isCut ? undefined : createdAt)}
        />
      ))}
      {phase === 'running' && startedAt && <Step sign={state} at={startedAt} title={`Attempt ${attempt} is running`} />}
      {phase === 'ready' && <Step sign={state} title="Waits for a runner" />}
      {phase === 'due' && dueAt && (
        <Step sign={state} title={isRetry ? `Attempt ${attempt + 1}` : 'Becomes ready'}>
          <Ago at={dueAt} />
        </Step>
      )}
      {isFinal(state) && finishedAt && history.at(-1)?.outcome !== state && (
        <Step sign={state} at={finishedAt} title={state === 'failed' ? 'Failed for good' : `Is ${state}`} />
      )}
    </ol>
  )
}

function AttemptStep({ one, before }: { one: Attempt; before: string | undefined }) {
  const { attempt, startedAt, endedAt, outcome, error, log = [] } = one
  const waited = before === undefined ? 0 : Date.parse(startedAt) - Date.parse(before)
  return (
    <Step sign={outcome} at={startedAt} title={`Attempt ${attempt} ${outcomeWords[outcome]}`}>
      <span class="quiet">
        after {duration(Date.parse(endedAt) - Date.parse(startedAt))}
        {before !== undefined && waited >= 1 && `, begun after a wait of ${duration(waited)}`}
      </span>
      {error && <Thrown error={error} />}
      {log.length > 0 && (
        <Scroll class="log" name={`Log of attempt ${attempt}`}>
          <ol>
            {log.map(({ at, message }, line) => (
              <li key={line}>
                <span class="quiet">+{duration(Math.max(0, Date.parse(at) - Date.parse(startedAt)))}</span>
                <span>{message}</span>
              </li>
            ))}
          </ol>
        </Scroll>
      )}
    </Step>
  )
}

interface StepProps {
  readonly sign: JobState | Outcome
  readonly title: string
  readonly at?: string
  readonly children?: ComponentChildren
}

function Step({ sign, title, at, children }: StepProps) {
  return (
    <li class={`step state-${sign}`}>
      <span class="step-sign">
        <Glyph of={sign} />
      </span>
      <div>
        <p class="step-title">
          <strong>{title}</strong>
          {at && (
            <span class="quiet">
              <Clock at={at} seconds />
            </span>
          )}
        </p>
        {children}
      </div>
    </li>
  )
}
