/** The filters of the list. They are part of the URL: a choice at once, a typed word with Enter or when the field loses focus. */
import { useId, useState } from 'preact/hooks'
import { useTasks } from '../api/use.ts'
import { type Filter, filterOf, isFiltered, jobsHash, windows } from '../shell/route.ts'
import { states } from '../states/states.ts'

const windowTitles = {
  '15m': 'Last 15 minutes',
  '1h': 'Last hour',
  '6h': 'Last 6 hours',
  '24h': 'Last 24 hours',
} as const

export function Filters({ filter }: { filter: Filter }) {
  const [isCustom, custom] = useState(filter.from !== undefined || filter.to !== undefined)
  const names = useTasks().data?.tasks.map(({ name }) => name) ?? []
  const list = useId()
  const go = (changes: { [K in keyof Filter]?: string | undefined }) => {
    const params = new URLSearchParams()
    for (const [name, value] of Object.entries({ ...filter, ...changes })) if (value) params.set(name, value)
    location.hash = jobsHash(filterOf(params))
  }
  const window = (value: string) => {
    custom(value === 'custom')
    if (value !== 'custom') go({ since: value, from: undefined, to: undefined })
    else go({ since: undefined })
  }
  return (
    <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        State
        <select value={filter.state ?? ''} onChange={(event) => go({ state: event.currentTarget.value })}>
          <option value="">any</option>
          {states.map((state) => (
            <option key={state} value={state}>
              {state}
            </option>
          ))}
        </select>
      </label>
      <Word title="Task" value={filter.task} list={list} change={(task) => go({ task })} />
      <datalist id={list}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <Word title="Tag" value={filter.tag} change={(tag) => go({ tag })} />
      <Word title="Key" value={filter.key} change={(key) => go({ key })} />
      <label>
        Created
        <select
          value={isCustom ? 'custom' : (filter.since ?? '')}
          onChange={(event) => window(event.currentTarget.value)}
        >
          <option value="">any time</option>
          {(Object.keys(windows) as (keyof typeof windows)[]).map((since) => (
            <option key={since} value={since}>
              {windowTitles[since]}
            </option>
          ))}
          <option value="custom">between …</option>
        </select>
      </label>
      {isCustom && (
        <>
          <Moment title="From" value={filter.from} change={(from) => go({ since: undefined, from })} />
          <Moment title="Before" value={filter.to} change={(to) => go({ since: undefined, to })} />
        </>
      )}
      {isFiltered(filter) && (
        <a class="button small" href={jobsHash({})} onClick={() => custom(false)}>
          Clear
        </a>
      )}
    </form>
  )
}

interface FieldProps {
  readonly title: string
  readonly value: string | undefined
  readonly change: (value: string) => void
  readonly list?: string
}

function Word({ title, value = '', change, list }: FieldProps) {
  return (
    <label>
      {title}
      {/* Keyed by what the URL says, so that going back shows it. */}
      <input
        key={value}
        defaultValue={value}
        list={list}
        autocomplete="off"
        spellcheck={false}
        placeholder="any"
        onChange={(event) => change(event.currentTarget.value.trim())}
      />
    </label>
  )
}

function Moment({ title, value, change }: FieldProps) {
  return (
    <label>
      {title}
      <input
        type="datetime-local"
        key={value}
        defaultValue={value ? localText(value) : ''}
        onChange={({ currentTarget: { value } }) => change(value ? new Date(value).toISOString() : '')}
      />
    </label>
  )
}

/** A time as the field takes it: in the reader's time zone, which it does not name. */
function localText(iso: string): string {
  const date = new Date(iso)
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
