/**
 * Cancels or redrives every job that the filters match. The action runs in the ledgers whether the page is open or not. Its id is
 * in the URL, so a reload, or another person, sees its progress.
 */
import { useState } from 'preact/hooks'
import { change, newKey } from '../api/client.ts'
import { useLive, useSettings } from '../api/use.ts'
import type { Bulk } from '../api/wire.ts'
import { count, counted } from '../health/time.ts'
import { Dialog } from '../shell/dialog.tsx'
import { Missing } from '../shell/empty.tsx'
import { Glyph } from '../shell/glyph.tsx'
import { apiFilter, type Filter, type JobsPlace, jobsHash } from '../shell/route.ts'
import { isFinal } from '../states/states.ts'

type Action = Bulk['action']

export function BulkButtons({ filter }: { filter: Filter }) {
  const [action, ask] = useState<Action>()
  // An engine without settings has no bulk actions either.
  if (useSettings().isAbsent) return null
  // Not for every state, because completed jobs would run again with the failed ones.
  const canRedrive = filter.state !== undefined && isFinal(filter.state)
  const canCancel = filter.state === undefined || !isFinal(filter.state)
  return (
    <div class="actions">
      {canRedrive && (
        <button type="button" class="small" onClick={() => ask('redrive')}>
          Redrive all …
        </button>
      )}
      {canCancel && (
        <button type="button" class="small danger" onClick={() => ask('cancel')}>
          Cancel all …
        </button>
      )}
      {action && <BulkDialog action={action} filter={filter} close={() => ask(undefined)} />}
    </div>
  )
}

function BulkDialog({ action, filter, close }: { action: Action; filter: Filter; close: () => void }) {
  const [key] = useState(newKey)
  const [now] = useState(Date.now)
  const act = async () => {
    // Jobs that are created from now on were not in the list that the person has seen.
    const found = { createdBefore: new Date(now).toISOString(), ...apiFilter(filter, now) }
    const { id } = await change<Bulk>('POST', 'bulk', { action, filter: found }, key)
    location.hash = jobsHash(filter, { bulk: id })
    return action === 'redrive' ? 'Redriving has begun.' : 'Cancelling has begun.'
  }
  const verb = action === 'redrive' ? 'Redrive' : 'Cancel'
  return (
    <Dialog
      title={`${verb} every job ${inWords(filter)}?`}
      verb={`${verb} all`}
      danger={action === 'cancel'}
      act={act}
      close={close}
    >
      <p>
        {action === 'redrive'
          ? 'Each final job gets its attempts again, with its input.'
          : 'Waiting jobs end at once; running handlers are told within ten seconds.'}{' '}
        Jobs whose state does not allow it are left as they are. It runs in the background.
      </p>
    </Dialog>
  )
}

/** The jobs that a filter matches, in words, to read before a button is pressed. */
function inWords({ state, task, tag, key, since, from, to }: Filter): string {
  const words = [
    task && `of ${task}`,
    state && `that is ${state}`,
    tag && `tagged ${tag}`,
    key && `with the key ${key}`,
    since && `of the last ${since}`,
    from && `created after ${from.slice(0, 16).replace('T', ' ')} UTC`,
    to && `created before ${to.slice(0, 16).replace('T', ' ')} UTC`,
  ].filter(Boolean)
  return words.length > 0 ? words.join(' ') : 'there is'
}

export function BulkProgress({ id, place }: { id: string; place: JobsPlace }) {
  const [isDone, done] = useState(false)
  const { data, error } = useLive<Bulk>(isDone ? undefined : `bulk/${encodeURIComponent(id)}`, 'bulk')
  const [last, keep] = useState<Bulk>()
  if (data && data !== last) {
    keep(data)
    if (data.state === 'done') done(true)
  }
  const shown = data ?? last
  const { filter } = place
  return (
    <section class="card bulk" aria-label="Bulk action" aria-live="polite">
      {shown ? (
        <>
          <Glyph of={shown.state === 'done' ? 'completed' : 'running'} />
          <p>
            <strong>{wordsOf(shown)}</strong>
            <span class="quiet"> {counted(shown.looked, 'job')} looked at</span>
          </p>
          {shown.state === 'running' && <progress aria-label="Bulk action" />}
          <Missing shards={shown.missing} />
        </>
      ) : (
        <p class="quiet">{error ? error.message : 'Beginning …'}</p>
      )}
      <a class="button small" href={jobsHash(filter)}>
        {shown?.state === 'running' ? 'Hide' : 'Dismiss'}
      </a>
    </section>
  )
}

function wordsOf({ action, state, changed }: Bulk): string {
  const verb = action === 'redrive' ? 'redriven' : 'cancelled'
  return state === 'running' ? `${count(changed)} ${verb} so far` : `Done: ${counted(changed, 'job')} ${verb}.`
}
