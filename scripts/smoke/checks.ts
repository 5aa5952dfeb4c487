/**
 * What a working deployment answers, in the order in which a new user meets it. Each check uses HTTP only and throws if
 * an answer is wrong. Later checks use what earlier checks have found.
 */

export interface Visit {
  /** Sends a request to the deployment. */
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>
  /** An address that no user has. */
  readonly email: string
  /** Whether the admin routes may be open, which they may only be on the developer's own machine. */
  readonly local: boolean
  /** How long the job may take. */
  readonly jobSeconds: number
  /** The user and the job of this visit, set by the check that signs the user up. */
  user?: { id: number; url: string }
  job?: { id: string; url: string }
}

/** Returns a detail to print, or undefined; throws if the deployment is wrong. */
type Check = (visit: Visit) => Promise<string | undefined>

const PNG_SIGNATURE = 0x89504e470d0a1a0an
const WAIT_SECONDS = 10
const POLL_MS = 250

export const checks: Readonly<Record<string, Check>> = {
  async 'the service is healthy'({ ask }) {
    const { status } = await json(await ask('/healthz'), 200)
    expect(status === 'ok', `its status is ${status}`)
    return undefined
  },

  async 'a sign-up is accepted at once'(visit) {
    const startedAt = performance.now()
    const body = await json(await visit.ask('/users', signUp(visit.email)), 202)
    visit.user = body.user
    visit.job = body.job
    expect(body.user?.url && body.job?.url, 'the answer contains no user or no job')
    return `user ${body.user.id} in ${Math.round(performance.now() - startedAt)} ms`
  },

  async 'the same address is refused'({ ask, email }) {
    await problem(await ask('/users', signUp(email)), 409)
    return undefined
  },

  async 'the job completes'({ ask, job, jobSeconds }) {
    expect(job, 'there is no job to follow')
    const until = Date.now() + jobSeconds * 1000
    for (;;) {
      const { state, attempt } = await json(await ask(job.url, { headers: { Prefer: `wait=${WAIT_SECONDS}` } }), 200)
      if (state === 'completed') return `attempt ${attempt}`
      expect(!['failed', 'cancelled'].includes(state), `it is ${state}`)
      expect(Date.now() < until, `it is still ${state} after ${jobSeconds} s`)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  },

  async 'the picture is available in every size'({ ask, user }) {
    expect(user, 'there is no user to ask for')
    const { avatar } = await json(await ask(user.url), 200)
    expect(avatar?.sizes?.length > 0, 'the user has no sizes')
    for (const size of avatar.sizes) {
      const response = await ask(`${avatar.url}?size=${size}`)
      expect(response.status === 200, `${size} px answers ${response.status}`)
      const { width, height } = pngSize(await response.arrayBuffer())
      expect(width === size && height === size, `${size} px is ${width} by ${height}`)
    }
    return `${avatar.sizes.join(', ')} px`
  },

  async 'the e-mail address is not public'({ ask, user, email }) {
    expect(user, 'there is no user to ask for')
    expect(!(await (await ask(user.url)).text()).includes(email), 'the public view of the user contains it')
    return undefined
  },

  async 'the admin routes are closed'({ ask, local }) {
    const response = await ask('/admin/api/jobs')
    if (local && response.status === 200) return 'open to this machine, by npm run dev'
    expect([401, 403].includes(response.status), `without a token they answer ${response.status}`)
    await problem(response, response.status)
    return response.status === 403 ? 'ADMIN_TOKEN is not set, so nobody can use them' : undefined
  },

  async 'an unknown path is answered with a problem'({ ask }) {
    await problem(await ask('/no/such/path'), 404)
    return undefined
  },
}

function signUp(email: string): RequestInit {
  return { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ email }) }
}

/** Width and height in pixels, from the first chunk of a PNG file. */
function pngSize(file: ArrayBuffer): { width: number; height: number } {
  const bytes = new DataView(file)
  expect(bytes.byteLength > 24 && bytes.getBigUint64(0) === PNG_SIGNATURE, 'it is not a PNG file')
  return { width: bytes.getUint32(16), height: bytes.getUint32(20) }
}

/** The body of an answer, whose shape each check tests as far as it needs it. Throws if the status is another. */
async function json(response: Response, status: number) {
  const text = await response.text()
  expect(response.status === status, `it answers ${response.status}: ${text.slice(0, 200)}`)
  return JSON.parse(text)
}

/** Throws unless the answer is application/problem+json (RFC 9457) with this status, a code and a detail. */
async function problem(response: Response, status: number): Promise<void> {
  const type = response.headers.get('Content-Type') ?? 'no content type'
  const body = await json(response, status)
  expect(type.startsWith('application/problem+json'), `it answers with ${type}`)
  expect(body.code && body.detail, 'the problem has no code or no detail')
}

function expect(fact: unknown, otherwise: string): asserts fact {
  if (!fact) throw new Error(otherwise)
}
