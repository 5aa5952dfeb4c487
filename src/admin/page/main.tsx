/**
 * The dashboard: the view that is shown, and the banner above it. It uses Preact, which keeps focus, selection and opened parts in
 * place while answers come in. To do that by hand would need more code than Preact has.
 */
import { render } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { live, signedOutEvent, useCharts, useOverview, useSettings, useTasks } from './api/use.ts'
import { verdict } from './health/verdict.ts'
import { Banner } from './shell/banner.tsx'
import { Empty } from './shell/empty.tsx'
import { Header, type Session } from './shell/header.tsx'
import { Closed, Login } from './shell/login.tsx'
import { parseHash, type Route } from './shell/route.ts'
import { Toasts } from './shell/toast.tsx'
import { titleOf, viewOf } from './views.tsx'

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
  const polls = viewOf(route)?.polls ?? []
  const overview = useOverview(polls.includes('overview') ? 'overview' : 'banner')
  const settings = useSettings()
  const tasks = useTasks(polls.includes('tasks'))
  const hour = useCharts('hour')
  const known = overview.data && {
    overview: overview.data,
    settings: settings.data,
    tasks: tasks.data?.tasks,
    charts: hour.data,
  }
  const problems = known ? verdict(known, Date.now()).filter(({ level }) => level !== 'note').length : 0
  const main = useRef<HTMLElement>(null)
  useEffect(() => {
    document.title = `${problems > 0 ? `(${problems}) ` : ''}${titleOf(route)} · Chard`
  })
  useEffect(() => {
    // A new view takes the focus at its heading; filters and pages of one list are the same view. For the first view the browser does so by itself.
    if (moved) main.current?.querySelector('h1')?.focus()
  }, [route.path, route.name])
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Header route={route} session={session} />
      <main id="main" ref={main} tabIndex={-1}>
        <Banner overview={overview} known={known} />
        {viewOf(route)?.show(route) ?? <Nothing />}
      </main>
      <Toasts />
    </>
  )
}

function Nothing() {
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

document.addEventListener('visibilitychange', () => live.visibility())

const root = document.querySelector('#dashboard')
if (root) render(<Dashboard />, root)
