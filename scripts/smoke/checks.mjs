/**
 * What a working deployment answers to somebody outside, in the order in which a new user meets it. Each check asks
 * over HTTP alone and throws when the answer is another; later checks use what earlier ones found out.
 *
 * @typedef {object} Visit
 * @property {(path: string, init?: RequestInit) => Promise<Response>} ask
 * @property {string} email  an address that no user has
 * @property {boolean} local whether the admin routes may be open: only on the developer's own machine
 * @property {number} jobSeconds how long a picture may take
 * @property {{ id: number, url: string }} [user]
 * @property {{ id: string, url: string }} [job]
 */

const PNG_SIGNATURE = 0x89504e470d0a1a0an
const WAIT_SECONDS = 10

/** @type {Record<string, (visit: Visit) => Promise<string | undefined>>} */
export const checks = {
  async 'the service is healthy'({ ask }) {
    const { status } = await json(await ask('/healthz'), 200)
    expect(status === 'ok', `its status is ${status}`)
    return undefined
  },

  async 'a sign-up is accepted at once'(visit) {
    const started = performance.now()
    const body = await json(await visit.ask('/users', signUp(visit.email)), 202)
    visit.user = body.user
    visit.job = body.job
    expect(body.user?.url && body.job?.url, 'the answer names no user and no job')
    return `user ${body.user.id} in ${Math.round(performance.now() - started)} ms`
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
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  },

  async 'the picture is there in every size'({ ask, user }) {
    expect(user, 'there is no user to look at')
    const { avatar } = await json(await ask(user.url), 200)
    expect(avatar?.sizes?.length > 0, 'the user names no sizes')
    for (const size of avatar.sizes) {
      const answer = await ask(`${avatar.url}?size=${size}`)
      expect(answer.status === 200, `${size} px answers ${answer.status}`)
      const { width, height } = pngSize(await answer.arrayBuffer())
      expect(width === size && height === size, `${size} px is ${width} by ${height}`)
    }
    return `${avatar.sizes.join(', ')} px`
  },

  async 'an address is shown to nobody'({ ask, user, email }) {
    expect(user, 'there is no user to look at')
    expect(!(await (await ask(user.url)).text()).includes(email), 'the public view of a user shows it')
    return undefined
  },

  async 'the admin routes are closed'({ ask, local }) {
    const answer = await ask('/admin/api/jobs')
    if (local && answer.status === 200) return 'open to this machine, by npm run dev'
    expect([401, 403].includes(answer.status), `without a token they answer ${answer.status}`)
    await problem(answer, answer.status)
    return answer.status === 403 ? 'no ADMIN_TOKEN is set: nobody can use them' : undefined
  },

  async 'an unknown path is a problem'({ ask }) {
    await problem(await ask('/no/such/path'), 404)
    return undefined
  },
}

/** @param {string} email @returns {RequestInit} */
function signUp(email) {
  return { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ email }) }
}

/**
 * Width and height from a PNG's first chunk.
 *
 * @param {ArrayBuffer} file
 */
function pngSize(file) {
  const bytes = new DataView(file)
  expect(bytes.byteLength > 24 && bytes.getBigUint64(0) === PNG_SIGNATURE, 'it is no PNG')
  return { width: bytes.getUint32(16), height: bytes.getUint32(20) }
}

/** @param {Response} answer @param {number} status */
async function json(answer, status) {
  const text = await answer.text()
  expect(answer.status === status, `it answers ${answer.status}: ${text.slice(0, 200)}`)
  return JSON.parse(text)
}

/** @param {Response} answer @param {number} status */
async function problem(answer, status) {
  const type = answer.headers.get('Content-Type') ?? 'nothing'
  const body = await json(answer, status)
  expect(type.startsWith('application/problem+json'), `it answers with ${type}`)
  expect(body.code && body.detail, 'the problem has no code or no detail')
}

/**
 * @param {unknown} fact
 * @param {string} otherwise
 * @returns {asserts fact}
 */
function expect(fact, otherwise) {
  if (!fact) throw new Error(otherwise)
}
