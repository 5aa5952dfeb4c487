/** What can be done about one job: cancel it, update it while it waits, or redrive it once it is final. */
import { useId, useState } from 'preact/hooks'
import { change } from '../api/client.ts'
import { jobPath, useSettings } from '../api/use.ts'
import type { JobDetail } from '../api/wire.ts'
import { Dialog, useAction } from '../shell/dialog.tsx'
import { isFinal } from '../states/states.ts'

type Question = 'cancel' | 'edit' | 'update'

export function JobActions({ job }: { job: JobDetail }) {
  const [asked, ask] = useState<Question>()
  const [isBusy, run] = useAction()
  const hasUpdate = !useSettings().isAbsent
  const { id, state } = job
  const close = () => ask(undefined)
  const redrive = () => change('POST', `${jobPath(id)}/redrive`)
  return (
    <div class="actions">
      {isFinal(state) ? (
        <>
          <button type="button" class="small" onClick={() => ask('edit')}>
            Edit and redrive …
          </button>
          <button
            type="button"
            class={state === 'completed' ? 'small' : 'small primary'}
            disabled={isBusy}
            onClick={() => run(redrive, 'The job has got its attempts again.')}
          >
            Redrive
          </button>
        </>
      ) : (
        <>
          {hasUpdate && state !== 'running' && (
            <button type="button" class="small" onClick={() => ask('update')}>
              Update …
            </button>
          )}
          <button type="button" class="small danger" onClick={() => ask('cancel')}>
            Cancel …
          </button>
        </>
      )}
      {asked === 'cancel' && <CancelDialog job={job} close={close} />}
      {asked === 'edit' && <EditDialog job={job} close={close} />}
      {asked === 'update' && <UpdateDialog job={job} close={close} />}
    </div>
  )
}

interface QuestionProps {
  readonly job: JobDetail
  readonly close: () => void
}

function CancelDialog({ job: { id, state }, close }: QuestionProps) {
  const act = async () => {
    const after = await change<JobDetail>('POST', `${jobPath(id)}/cancel`)
    return after.state === 'cancelled' ? 'It is cancelled.' : 'Its handler is told within ten seconds.'
  }
  return (
    <Dialog title="Cancel this job?" verb="Cancel the job" danger act={act} close={close}>
      <p>
        {state === 'running'
          ? 'Its handler is told within ten seconds, and ends when it reacts to its signal.'
          : 'It waits, so it ends at once.'}{' '}
        It can be redriven later.
      </p>
    </Dialog>
  )
}

function EditDialog({ job: { id, task, input, redacted }, close }: QuestionProps) {
  const field = useId()
  const [text, type] = useState(() => JSON.stringify(input, null, 2) ?? '')
  const act = async () => {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (error) {
      throw new Error(`This is no JSON: ${(error as Error).message}`)
    }
    await change('POST', `${jobPath(id)}/redrive`, { input: value })
    return 'The job has got its attempts again, with the new input.'
  }
  return (
    <Dialog title="Edit and redrive" verb="Redrive" act={act} close={close}>
      <p>
        The schema of {task} checks it. {redacted && <strong>This is not the whole input. Write all of it.</strong>}
      </p>
      <label for={field}>Input, as JSON</label>
      <textarea
        id={field}
        class="mono"
        rows={10}
        spellcheck={false}
        required
        value={text}
        onInput={(event) => type(event.currentTarget.value)}
      />
    </Dialog>
  )
}

/** When it is to run: as planned, at once, or some time from now. */
const times = { keep: 'as it is', '0s': 'now', '1m': 'in a minute', '1h': 'in an hour', '24h': 'in a day' }

function UpdateDialog({ job: { id, priority }, close }: QuestionProps) {
  const [number, type] = useState(String(priority))
  const [time, choose] = useState('keep')
  const act = async () => {
    const changes = {
      ...(Number(number) !== priority && { priority: Number(number) }),
      ...(time !== 'keep' && { delay: time }),
    }
    if (Object.keys(changes).length === 0) return 'Nothing was changed.'
    await change('PATCH', jobPath(id), changes)
    return 'The job is updated.'
  }
  return (
    <Dialog title="Update this job" verb="Update" act={act} close={close}>
      <p>The job waits, so its priority and its time can still be changed.</p>
      <div class="fields">
        <label>
          Priority
          <input
            type="number"
            min={-1000}
            max={1000}
            step={1}
            required
            value={number}
            onInput={(event) => type(event.currentTarget.value)}
          />
        </label>
        <label>
          Runs
          <select value={time} onChange={(event) => choose(event.currentTarget.value)}>
            {Object.entries(times).map(([value, title]) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
        </label>
      </div>
    </Dialog>
  )
}
