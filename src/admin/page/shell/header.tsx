/** The header: the navigation, the search, the age of what is shown, and the session. */
import { useState } from 'preact/hooks'
import { logout } from '../api/client.ts'
import { live, useNow } from '../api/use.ts'
import { roughly } from '../health/time.ts'
import { viewOf, views } from '../views.tsx'
import { Glyph, Plant } from './glyph.tsx'
import { isJobId, jobHash, jobsHash, type Route } from './route.ts'

export type Session = 'open' | 'cookie' | 'bearer'

export function Header({ route, session }: { route: Route; session: Session }) {
  const { path: open, under } = viewOf(route) ?? {}
  return (
    <header class="top">
      <a class="brand" href="#/">
        <Plant /> Chard
      </a>
      <nav aria-label="Views">
        {views.map(
          ({ path, title }) =>
            typeof title === 'string' && (
              <a key={path} href={`#/${path}`} aria-current={path === open || path === under ? 'page' : undefined}>
                {title}
              </a>
            ),
        )}
      </nav>
      <Search />
      <Freshness />
      {session === 'open' ? (
        <span
          class="chip"
          title="npm run dev opens the admin routes to this machine alone. A deployment asks for the token."
        >
          Open on this machine
        </span>
      ) : (
        <button type="button" class="small" onClick={() => logout().finally(() => location.reload())}>
          Log out
        </button>
      )}
    </header>
  )
}

/** An id leads to its job. Any other word is searched for as an idempotency key. */
function Search() {
  const [text, typed] = useState('')
  const submit = (event: Event) => {
    event.preventDefault()
    const word = text.trim()
    if (word === '') return
    location.hash = isJobId(word) ? jobHash(word) : jobsHash({ key: word })
    typed('')
  }
  return (
    <search class="search">
      <form onSubmit={submit}>
        <Glyph of="search" />
        <input
          type="search"
          aria-label="Find a job by its id or key"
          placeholder="Job id or key"
          value={text}
          onInput={(event) => typed(event.currentTarget.value)}
        />
      </form>
    </search>
  )
}

function Freshness() {
  const now = useNow()
  const { freshAt, retryAt } = live
  if (retryAt !== undefined) {
    return <span class="fresh is-broken">No answer · again in {roughly(Math.max(1_000, retryAt - now))}</span>
  }
  return (
    <span class="fresh" title="The page asks by itself, ever less often while nothing changes.">
      <span class="dot" />
      {freshAt === undefined || now - freshAt < 2_000 ? 'Live' : `${roughly(now - freshAt)} ago`}
    </span>
  )
}
