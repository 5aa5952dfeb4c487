/** Every schedule: its rule, its next slots and its history, with buttons to pause, resume and trigger it. */
import { change, newKey } from '../api/client.ts'
import { useLive } from '../api/use.ts'
import type { ScheduleList, ScheduleView, Slot } from '../api/wire.ts'
import { duration } from '../health/time.ts'
import { shortId } from '../jobs/jobs.tsx'
import { useAction } from '../shell/dialog.tsx'
import { Empty, Missing, Waiting } from '../shell/empty.tsx'
import { Glyph } from '../shell/glyph.tsx'
import { jobHash, taskHash } from '../shell/route.ts'
import { Ago, Clock } from '../shell/when.tsx'
import { Fact } from '../tasks/task.tsx'
import { ruleWords } from './rule.ts'

export function SchedulesView() {
  const list = useLive<ScheduleList>('schedules', 'list')
  const schedules = list.data?.schedules
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Schedules</h1>
      </div>
      {!schedules || schedules.length === 0 ? (
        <section class="card">
          {schedules ? (
            <Empty title="No schedule">
              <p>
                They are defined in the code: <code>chard.schedule(…)</code>. After a deploy they appear within a
                minute.
              </p>
            </Empty>
          ) : (
            <Waiting of={list} absent="This engine has no schedules" lines={4} />
          )}
        </section>
      ) : (
        schedules.map((one) => <Schedule key={one.name} of={one} />)
      )}
      <Missing shards={list.data?.missing} />
    </>
  )
}

/** What the words of the API mean, for the words that this page knows. */
type Words = Readonly<Record<string, string>>

const stoppedWords: Words = { removed: 'The code no longer defines it.', 'unknown-task': 'No code serves its task.' }

function Schedule({ of }: { of: ScheduleView }) {
  const { name, task, rule, state, stopped, nextAt, next, overlap, catchUp, jitterMs, history } = of
  return (
    <section class="card schedule" aria-label={`Schedule ${name}`}>
      <div class="card-head">
        <h2>
          {name}
          {state !== 'active' && <span class={`chip ${state === 'paused' ? 'is-note' : 'is-warn'}`}>{state}</span>}
        </h2>
        {state !== 'stopped' && <Buttons of={of} />}
      </div>
      <p class="rule">
        {ruleWords(rule)}
        <span class="quiet">
          {' '}
          · enqueues <a href={taskHash(task)}>{task}</a>
        </span>
      </p>
      {stopped && <p class="quiet">{stoppedWords[stopped] ?? stopped}</p>}
      <dl class="facts">
        <Fact name="Next">
          {nextAt && state === 'active' ? (
            <>
              <Ago at={nextAt} />{' '}
              <span class="quiet">
                (<Clock at={nextAt} />)
              </span>
            </>
          ) : (
            'not until it is resumed'
          )}
        </Fact>
        {next.length > 1 && (
          <Fact name="Then">
            <span class="then">
              {next.slice(1, 5).map((slot) => (
                <Clock key={slot} at={slot} />
              ))}
            </span>
          </Fact>
        )}
        {overlap && <Fact name="Job before still runs">{overlapWords[overlap] ?? overlap}</Fact>}
        {catchUp && <Fact name="After downtime">{catchUpWords[catchUp] ?? catchUp}</Fact>}
        {jitterMs !== undefined && jitterMs > 0 && <Fact name="Jitter">{duration(jitterMs)}</Fact>}
      </dl>
      <History slots={history} name={name} />
    </section>
  )
}

const overlapWords: Words = { allow: 'fires all the same', skip: 'skips the slot', cancel: 'cancels that job' }
const catchUpWords: Words = {
  skip: 'missed slots are skipped',
  latest: 'the newest missed slot runs',
  all: 'missed slots run',
}

function History({ slots, name }: { slots: readonly Slot[]; name: string }) {
  if (slots.length === 0) return <p class="quiet">It has not fired yet.</p>
  return (
    <details class="more" open={slots.length <= 3}>
      <summary>History ({slots.length})</summary>
      <ol class="slots" aria-label={`History of ${name}`}>
        {slots.map((slot) => (
          <li key={`${slot.slot} ${slot.at}`}>
            <Glyph of={slot.job ? 'completed' : 'cancelled'} />
            <Clock at={slot.slot} />
            <span>
              {slot.job ? (
                <a class="id" href={jobHash(slot.job)}>
                  {shortId(slot.job)}
                </a>
              ) : (
                (skippedWords[slot.skipped ?? 'missed'] ?? slot.skipped)
              )}
              {slot.count !== undefined && slot.count > 1 && <span class="quiet"> · {slot.count} slots</span>}
              {slot.trigger && <span class="chip">by hand</span>}
            </span>
          </li>
        ))}
      </ol>
    </details>
  )
}

const skippedWords: Words = {
  missed: 'missed: nobody was there to fire it',
  overlap: 'skipped: the job before still ran',
  draining: 'skipped: its task was draining',
  paused: 'skipped: it was paused',
}

function Buttons({ of: { name, state } }: { of: ScheduleView }) {
  const [isBusy, run] = useAction()
  const path = (verb: string) => `schedules/${encodeURIComponent(name)}/${verb}`
  const isPaused = state === 'paused'
  return (
    <div class="actions">
      <button
        type="button"
        class="small"
        disabled={isBusy}
        onClick={() => run(() => change('POST', path('trigger'), undefined, newKey()), `${name} has made a job.`)}
      >
        Trigger<span class="unseen"> {name}</span>
      </button>
      <button
        type="button"
        class="small"
        disabled={isBusy}
        onClick={() =>
          run(
            () => change('POST', path(isPaused ? 'resume' : 'pause')),
            `${name} ${isPaused ? 'goes on' : 'is paused'}.`,
          )
        }
      >
        <Glyph of={isPaused ? 'play' : 'pause'} />
        {isPaused ? 'Resume' : 'Pause'}
        <span class="unseen"> {name}</span>
      </button>
    </div>
  )
}
