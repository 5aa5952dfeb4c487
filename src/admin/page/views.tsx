/**
 * The views of the dashboard: one table. The navigation, the titles, what is shown under an address, and what a viewer costs come
 * from it. A view is a folder of its own, and a line here.
 */
import type { JSX } from 'preact'
import type { PaceName } from './api/paces.ts'
import { JobView } from './jobs/job.tsx'
import { JobsView } from './jobs/jobs.tsx'
import { OverviewView } from './overview/overview.tsx'
import { SchedulesView } from './schedules/schedules.tsx'
import { jobsPlaceOf, type Route, spanOf } from './shell/route.ts'
import { TaskView } from './tasks/task.tsx'

interface View {
  /** The part of the address after `#/`. `:name` stands for one part of any text. */
  readonly path: Route['path']
  /** Its title, and the title of its entry in the navigation. A function: it has no entry, because it needs a name. */
  readonly title: string | ((name: string) => string)
  /** The path of the view whose entry is marked, for one that has none. */
  readonly under?: Route['path']
  /** What it polls, besides what every view does for the banner. */
  readonly polls: readonly PaceName[]
  readonly show: (route: Route) => JSX.Element
}

export const views: readonly View[] = [
  {
    path: '',
    title: 'Overview',
    polls: ['overview', 'tasks'],
    show: ({ query }) => <OverviewView span={spanOf(query)} />,
  },
  {
    path: 'jobs',
    title: 'Jobs',
    polls: ['jobs', 'tasks'],
    show: ({ query }) => <JobsView place={jobsPlaceOf(query)} />,
  },
  {
    path: 'jobs/:name',
    title: (id) => `Job ${id}`,
    under: 'jobs',
    polls: ['job'],
    show: ({ name }) => <JobView key={name} id={name} />,
  },
  {
    path: 'tasks/:name',
    title: (name) => name,
    under: '',
    polls: ['tasks'],
    show: ({ name, query }) => <TaskView key={name} name={name} span={spanOf(query)} />,
  },
  { path: 'schedules', title: 'Schedules', polls: ['list'], show: () => <SchedulesView /> },
]

/** Undefined: there is nothing under this address. */
export function viewOf({ path }: Route): View | undefined {
  return views.find((view) => view.path === path)
}

export function titleOf(route: Route): string {
  const { title = 'Nothing here' } = viewOf(route) ?? {}
  return typeof title === 'string' ? title : title(route.name)
}
