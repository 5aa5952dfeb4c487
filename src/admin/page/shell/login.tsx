/** The view without a session: the form for the admin token, or why the admin routes are closed. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { login } from '../api/client.ts'
import { saying } from './dialog.tsx'
import { Plant } from './glyph.tsx'

/** @param ended true when there was a session and it has ended */
export function Login({ ended }: { ended: boolean }) {
  const [error, refused] = useState('')
  const [isBusy, busy] = useState(false)
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    const token = new FormData(event.currentTarget as HTMLFormElement).get('token')
    busy(true)
    try {
      await login(String(token))
      location.reload()
    } catch (thrown) {
      refused(saying(thrown))
      busy(false)
    }
  }
  return (
    <Door title="Log in">
      <p>{ended ? 'Your session has ended.' : 'This dashboard controls the deployment’s background work.'}</p>
      <form onSubmit={submit}>
        {/* For password managers, which file the token under a name. */}
        <input
          class="unseen"
          name="username"
          value="admin"
          autocomplete="username"
          tabIndex={-1}
          aria-hidden
          readOnly
        />
        <label>
          Admin token
          <input
            name="token"
            type="password"
            autocomplete="current-password"
            required
            autofocus
            aria-describedby="token-error"
            aria-invalid={error !== ''}
          />
        </label>
        <p class="error" id="token-error" role="alert">
          {error}
        </p>
        <button type="submit" class="primary" disabled={isBusy}>
          {isBusy ? 'One moment' : 'Log in'}
        </button>
      </form>
      <p class="quiet">It is the Worker’s secret. The cookie lasts twelve hours, and no script can read it.</p>
    </Door>
  )
}

export function Closed({ why }: { why: string }) {
  return (
    <Door title="Closed">
      <p>{why}</p>
      <p class="quiet">Without the secret nobody can log in. Reload this page after it is set.</p>
    </Door>
  )
}

function Door({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <main class="door">
      <div class="door-card">
        <p class="brand">
          <Plant /> Chard
        </p>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  )
}
