/** The buttons of one task: pause and resume act at once, drain and limits open a dialog. */
import { useState } from 'preact/hooks'
import { change } from '../api/client.ts'
import type { Task } from '../api/wire.ts'
import { counted } from '../health/time.ts'
import { Dialog, useAction } from '../shell/dialog.tsx'
import { Glyph } from '../shell/glyph.tsx'
import { type LimitField, limitFields, limitsOf } from './limits.ts'

export function PauseButton({ task }: { task: Task }) {
  const [isBusy, run] = useAction()
  const isHeld = task.paused || task.draining
  const verb = isHeld ? 'Resume' : 'Pause'
  const done = isHeld ? `${task.name} goes on.` : `${task.name} is paused: running attempts go on, new ones wait.`
  const act = () => change('POST', `tasks/${encodeURIComponent(task.name)}/${isHeld ? 'resume' : 'pause'}`)
  return (
    <button type="button" class="small" disabled={isBusy} onClick={() => run(act, done)}>
      <Glyph of={isHeld ? 'play' : 'pause'} />
      {verb}
      <span class="unseen"> {task.name}</span>
    </button>
  )
}

export function DrainButton({ task }: { task: Task }) {
  const [isAsked, ask] = useState(false)
  const act = async () => {
    const { left } = await change<{ left: number }>('POST', `tasks/${encodeURIComponent(task.name)}/drain`)
    return `${task.name} is draining: ${counted(left, 'job')} left.`
  }
  return (
    <>
      <button type="button" class="small" disabled={task.draining} onClick={() => ask(true)}>
        {task.draining ? 'Draining' : 'Drain'}
      </button>
      {isAsked && (
        <Dialog title={`Drain ${task.name}?`} verb="Drain" act={act} close={() => ask(false)}>
          <p>
            New jobs of this task are refused with an error, and the others are worked off. Resume ends the draining.
          </p>
        </Dialog>
      )}
    </>
  )
}

export function LimitsButton({ task }: { task: Task }) {
  const [isAsked, ask] = useState(false)
  if (limitFields(task.limits).length === 0) return null
  return (
    <>
      <button type="button" class="small" onClick={() => ask(true)}>
        Change limits
      </button>
      {isAsked && <LimitsDialog task={task} close={() => ask(false)} />}
    </>
  )
}

function LimitsDialog({ task, close }: { task: Task; close: () => void }) {
  const [fields, edit] = useState(() => limitFields(task.limits))
  const [isReset, reset] = useState(false)
  const path = `tasks/${encodeURIComponent(task.name)}/limits`
  const act = async () => {
    if (isReset) await change('DELETE', path)
    else await change('PUT', path, limitsOf(fields))
    return isReset ? `${task.name} has the limits of its code again.` : `${task.name} has new limits.`
  }
  const typed = (changed: LimitField, value: string) =>
    edit(fields.map((field) => (field === changed ? { ...field, value } : field)))
  return (
    <Dialog title={`Limits of ${task.name}`} verb="Set" act={act} close={close}>
      <p>They hold at once, also after deploys, until you change them.</p>
      <div class="fields">
        {fields.map((field) => (
          <label key={`${field.where} ${field.name}`}>
            {field.label}
            <input
              value={field.value}
              required
              disabled={isReset}
              inputMode={field.name === 'per' ? 'text' : 'numeric'}
              pattern={field.name === 'per' ? '[0-9.]+(ms|s|m|h|d)' : '[1-9][0-9]*'}
              title={field.name === 'per' ? 'such as 500ms, 1s, 5m, 2h' : 'a whole number, 1 or more'}
              onInput={(event) => typed(field, event.currentTarget.value)}
            />
          </label>
        ))}
      </div>
      <label class="check">
        <input type="checkbox" checked={isReset} onChange={(event) => reset(event.currentTarget.checked)} />
        Back to the limits of the code
      </label>
    </Dialog>
  )
}
