/**
 * The dashboard: the view that is shown, and the banner above it. It uses Preact, which keeps focus, selection and opened parts in
 * place while answers come in. To do that by hand would need more code than Preact has.
 */
import { render } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { signedOutEvent, useCharts, useOverview, useSettings, useTasks } from './api/use.ts'
import { verdict } from './health/verdict.ts'
import { JobView } from './jobs/job.tsx'
import { JobsView } from './jobs/jobs.tsx'
import { OverviewView } from './overview/overview.tsx'
import { SchedulesView } from './schedules/schedules.tsx'
import { Banner } from './shell/banner.tsx'
import { Empty } from './shell/empty.tsx'
import { Header, type Session } from './shell/header.tsx'
import { Closed, Login } from './shell/login.tsx'
import { parseHash, type Route } from './shell/route.ts'
import { Toasts } from './shell/toast.tsx'
import { TaskView } from './tasks/task.tsx'

/** The server writes into the page how this browser is authenticated, so that no request is made in vain. */
const { session = 'none', closed = '' } = document.documentElement.dataset

function Dashboard() {
  const [ended, end] = useState(false)
  useEffect(() => {
    const signedOut = () => end(true)
    addEventListener(signedOutEvent, signedOut)
    return () => removeEventListener(signedOutEvent, signedOut)
  }, [])
  if (session === 'closed') return <Closed why={closed} />
  if (session === 'none' || ended) return <Login ended={ended} />
  return <Room session={session as Session} />
}

function Room({ session }: { session: Session }) {
  const route = useRoute()
  const { view } = route
  const overview = useOverview(view === 'overview' ? 'overview' : 'banner')
  const settings = useSettings()
  const tasks = useTasks(view === 'overview' || view === 'task')
  const hour = useCharts('hour')
  const known = overview.data && {
    overview: overview.data,
    settings: settings.data,
    tasks: tasks.data?.tasks,
    charts: hour.data,
  }
  const problems = known ? verdict(known, Date.now()).filter(({ level }) => level !== 'note').length : 0
  const main = useRef<HTMLElement>(null)
  const place = placeOf(route)
  useEffect(() => {
    document.title = `${problems > 0 ? `(${problems}) ` : ''}${titleOf(route)} · Chard`
  })
  useEffect(() => {
    // A new view takes the focus at its heading. For the first view the browser does so by itself.
    if (moved) main.current?.querySelector('h1')?.focus()
  }, [place])
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Header route={route} session={session} />
      <main id="main" ref={main} tabIndex={-1}>
        <Banner overview={overview} known={known} />
        <View route={route} />
      </main>
      <Toasts />
    </>
  )
}

function View({ route }: { route: Route }) {
  switch (route.view) {
    case 'overview':
      return <OverviewView route={route} />
    case 'jobs':
      return <JobsView place={route} />
    case 'job':
      return <JobView key={route.id} id={route.id} />
    case 'task':
      return <TaskView key={route.name} route={route} />
    case 'schedules':
      return <SchedulesView />
    case 'nowhere':
      return (
        <section class="card">
          <h1 tabIndex={-1} class="unseen">
            Nothing here
          </h1>
          <Empty title="There is nothing under this address">
            <p>
              <a href="#/">Back to the overview</a>
            </p>
          </Empty>
        </section>
      )
  }
}

/** Whether the reader has opened another view since the page was loaded. */
let moved = false

function useRoute(): Route {
  const [route, go] = useState(() => parseHash(location.hash))
  useEffect(() => {
    const changed = () => {
      moved = true
      go(parseHash(location.hash))
    }
    addEventListener('hashchange', changed)
    return () => removeEventListener('hashchange', changed)
  }, [])
  return route
}

/** What identifies a view. Filters and pages of one list are the same view. */
function placeOf(route: Route): string {
  if (route.view === 'job') return `job ${route.id}`
  return route.view === 'task' ? `task ${route.name}` : route.view
}

function titleOf(route: Route): string {
  const titles = { overview: 'Overview', jobs: 'Jobs', schedules: 'Schedules', nowhere: 'Nothing here' }
  if (route.view === 'job') return `Job ${route.id}`
  return route.view === 'task' ? route.name : titles[route.view]
}

const root = document.querySelector('#dashboard')
if (root) render(<Dashboard />, root)
