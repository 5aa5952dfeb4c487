/**
 * The dashboard: one page and its files. They are open to everybody, because they hold no data: the page reads what it shows
 * from the API, which is guarded. The files are part of the Worker and have no absolute URLs, so the dashboard works under any
 * prefix of any Worker.
 */
import { Hono } from 'hono'
import { html } from 'hono/html'
import { secureHeaders } from 'hono/secure-headers'
import { trimTrailingSlash } from 'hono/trailing-slash'
import { type AdminAuth, credentialOf } from './auth.ts'
import { script, style } from './page-files.ts'

/** The policy of the page, whatever the Worker around it sets: nothing inline, and nothing from another origin. */
const security = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: 'DENY',
  // Only the Worker around knows whether its whole host uses https.
  strictTransportSecurity: false,
})

const files = new Map([
  [script.name, { text: script.text, type: 'text/javascript; charset=utf-8' }],
  [style.name, { text: style.text, type: 'text/css; charset=utf-8' }],
  ['icon.svg', { text: icon(), type: 'image/svg+xml' }],
])

export function dashboard(auth: AdminAuth) {
  const app = new Hono()
  // One address, because relative URLs mean something else with a slash at the end.
  app.use(trimTrailingSlash({ alwaysRedirect: true }))
  app.get('/', security, async (c) => {
    const { session, closed } = await sessionOf(await credentialOf(c, auth))
    // From `/admin` a relative URL starts beside `admin`, so it has to name `admin` again.
    const room = `./${c.req.path.split('/').at(-1)}/`.replace('//', '/')
    return c.html(page({ room, session, closed }))
  })
  app.get('/page/:name', security, async (c, next) => {
    const file = files.get(c.req.param('name'))
    if (!file) return next()
    // A new text has a new name. The icon keeps its name, because it hardly ever changes.
    return c.body(file.text, 200, { 'Content-Type': file.type, 'Cache-Control': 'public, max-age=31536000, immutable' })
  })
  return app
}

interface Shown {
  /** How this browser is authenticated, or `none`, or `closed`. */
  readonly session: string
  /** Why the admin routes are closed; empty when they are not. */
  readonly closed: string
}

async function sessionOf(found: Awaited<ReturnType<typeof credentialOf>>): Promise<Shown> {
  if (!(found instanceof Response)) return { session: found.by, closed: '' }
  if (found.status === 401) return { session: 'none', closed: '' }
  const { detail } = await found.json<{ detail: string }>()
  return { session: 'closed', closed: detail }
}

function page({ room, session, closed }: Shown & { room: string }) {
  return html`<!doctype html>
<html lang="en" data-session="${session}" data-closed="${closed}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>Chard</title>
    <link rel="icon" href="${room}page/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="${room}page/${style.name}">
    <script type="module" src="${room}page/${script.name}"></script>
  </head>
  <body>
    <div id="dashboard"></div>
    <noscript>The dashboard needs JavaScript. The API under ${room}api does not.</noscript>
  </body>
</html>`
}

function icon(): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
  <path fill="#2f855a" d="M32 3c14 5 24 17 21 30-2 10-11 13-18 14h-6c-7-1-16-4-18-14C8 20 18 8 32 3Z"/>
  <path fill="none" stroke="#d6336c" stroke-linecap="round" stroke-width="5" d="M32 15v46"/>
</svg>`
}
