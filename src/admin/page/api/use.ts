/** The live answers as hooks, and the clock for relative times. */
import { useEffect, useReducer } from 'preact/hooks'
import { ask, type Refusal } from './client.ts'
import { Live } from './live.ts'
import { type PaceName, paces } from './paces.ts'
import type { Charts, Overview, Settings, TaskList } from './wire.ts'

export interface Resource<T> {
  readonly data?: T | undefined
  readonly error?: Refusal | undefined
  /** When `data` came, in epoch milliseconds. */
  readonly at?: number | undefined
  /** True when the API does not have this path. */
  readonly isAbsent: boolean
}

export const signedOutEvent = 'signed-out'

export const live = new Live({
  ask,
  now: Date.now,
  isHidden: () => document.hidden,
  signedOut: () => dispatchEvent(new Event(signedOutEvent)),
})

/** @param path undefined: nothing is requested */
export function useLive<T>(path: string | undefined, pace: PaceName): Resource<T> {
  const [, changed] = useReducer((turn: number) => turn + 1, 0)
  useEffect(
    () => (path === undefined ? undefined : live.watch(path, paces[pace], () => changed(undefined))),
    [path, pace],
  )
  const { data, error, at } = path === undefined ? {} : live.read(path)
  return {
    data: data as T | undefined,
    error,
    at,
    isAbsent: data === undefined && error?.code === 'not-found',
  }
}

/** What more than one view reads. */
export const useOverview = (pace: 'overview' | 'banner') => useLive<Overview>('overview', pace)
export const useSettings = () => useLive<Settings>('settings', 'settings')
export const useTasks = (wanted = true) => useLive<TaskList>(wanted ? 'tasks' : undefined, 'tasks')
export const useCharts = (span: 'hour' | 'day') => useLive<Charts>(`charts?span=${span}`, span)

export function jobPath(id: string): string {
  return `jobs/${encodeURIComponent(id)}`
}

/** The present time, renewed every second while it is shown. */
export function useNow(everyMs = 1_000): number {
  const [, tick] = useReducer((turn: number) => turn + 1, 0)
  useEffect(() => {
    const timer = setInterval(() => document.hidden || tick(undefined), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return Date.now()
}
