/** The view of the dashboard as the part of the URL after `#`, so that every view can be linked to with its filters. Pure. */
import { isState, type JobState } from '../states/states.ts'

export interface Route {
  /** The part after `#/`, with its second part as `:name`: `jobs`, or `jobs/:name`. */
  readonly path: string
  /** The second part, or empty. */
  readonly name: string
  readonly query: URLSearchParams
}

export type Span = 'hour' | 'day'

/** Filters of the list of jobs, and the page of it. */
export interface JobsPlace {
  readonly filter: Filter
  readonly cursor?: string
  /** A bulk action that is watched. */
  readonly bulk?: string
}

export interface Filter {
  readonly state?: JobState
  readonly task?: string
  readonly tag?: string
  readonly key?: string
  /** A window that ends now, such as `1h`; or two times. */
  readonly since?: Since
  readonly from?: string
  readonly to?: string
}

export const windows = { '15m': 15 * 60_000, '1h': 3_600_000, '6h': 6 * 3_600_000, '24h': 24 * 3_600_000 } as const
export type Since = keyof typeof windows

const idPattern = /^\d{1,5}-[0-9A-HJKMNP-TV-Z]{26}$/i

export function isJobId(text: string): boolean {
  return idPattern.test(text)
}

export function parseHash(hash: string): Route {
  const [path = '', text = ''] = hash.replace(/^#/, '').split('?')
  const query = new URLSearchParams(text)
  const [first = '', name = '', ...more] = path.split('/').filter(Boolean).map(decoded)
  return { path: [first, ...(name ? [':name'] : []), ...more].join('/'), name, query }
}

export function overviewHash(span: Span): string {
  return withQuery('#/', spanQuery(span))
}

export function jobsHash(filter: Filter, more: Omit<JobsPlace, 'filter'> = {}): string {
  return withQuery('#/jobs', { ...filter, ...more })
}

export function jobHash(id: string): string {
  return `#/jobs/${encodeURIComponent(id)}`
}

export function taskHash(name: string, span: Span = 'hour'): string {
  return withQuery(`#/tasks/${encodeURIComponent(name)}`, spanQuery(span))
}

export function spanOf(query: URLSearchParams): Span {
  return query.get('span') === 'day' ? 'day' : 'hour'
}

function spanQuery(span: Span) {
  return { span: span === 'day' ? span : undefined }
}

export function jobsPlaceOf(query: URLSearchParams): JobsPlace {
  return { filter: filterOf(query), ...given({ cursor: query.get('cursor'), bulk: query.get('bulk') }) }
}

/** The filter as the API takes it. A window begins on a full minute, so that the request stays the same for a while. */
export function apiFilter({ since, from, to, ...rest }: Filter, now: number): Record<string, string> {
  const minuteMs = 60_000
  const begins = since && new Date(Math.floor((now - windows[since]) / minuteMs) * minuteMs).toISOString()
  return given({ ...rest, createdAfter: begins ?? from, createdBefore: to }) as Record<string, string>
}

export function isFiltered(filter: Filter): boolean {
  return Object.keys(filter).length > 0
}

/** The filter, without the fields that were not chosen. */
export function filterOf(params: URLSearchParams): Filter {
  const text = (name: string) => params.get(name)?.trim() || undefined
  const [state, since, from, to] = [text('state'), text('since'), text('from'), text('to')]
  return given({
    state: state !== undefined && isState(state) ? state : undefined,
    task: text('task'),
    tag: text('tag'),
    key: text('key'),
    since: since !== undefined && Object.hasOwn(windows, since) ? (since as Since) : undefined,
    from: timestamp(from),
    to: timestamp(to),
  })
}

function timestamp(text: string | undefined): string | undefined {
  const at = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(at) ? undefined : new Date(at).toISOString()
}

function withQuery(path: string, params: Record<string, string | undefined>): string {
  const query = new URLSearchParams(given(params) as Record<string, string>).toString()
  return query ? `${path}?${query}` : path
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function given<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined | null> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined && one !== null)) as never
}
