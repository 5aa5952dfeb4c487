import { describe, expect, it } from 'vitest'
import { checks, type Visit } from '../../scripts/smoke/checks.ts'

type Answers = Record<string, () => Response>

const json = (body: unknown, status = 200) => Response.json(body, { status })
const problem = (status: number) =>
  new Response(JSON.stringify({ status, code: 'some-code', detail: 'What to change.' }), {
    status,
    headers: { 'Content-Type': 'application/problem+json' },
  })

function png(width: number, height: number): Response {
  const bytes = new DataView(new ArrayBuffer(33))
  bytes.setBigUint64(0, 0x89504e470d0a1a0an)
  bytes.setUint32(16, width)
  bytes.setUint32(20, height)
  return new Response(bytes.buffer)
}

/** What a working deployment answers, as far as the checks ask. */
function working(): Answers {
  let signUps = 0
  const accepted = { user: { id: 1, url: '/users/1' }, job: { id: '0-1', url: '/jobs/0-1' } }
  return {
    '/healthz': () => json({ status: 'ok' }),
    '/users': () => (signUps++ === 0 ? json(accepted, 202) : problem(409)),
    '/jobs/0-1': () => json({ state: 'completed', attempt: 1 }),
    '/users/1': () => json({ id: 1, avatar: { url: '/users/1/avatar.png', sizes: [64, 256] } }),
    '/users/1/avatar.png?size=64': () => png(64, 64),
    '/users/1/avatar.png?size=256': () => png(256, 256),
    '/admin/api/jobs': () => problem(401),
    '/no/such/path': () => problem(404),
  }
}

/** The names of the checks that fail. */
async function failing(answers: Answers, visit: Partial<Visit> = {}): Promise<string[]> {
  const ask = async (path: string) => answers[path]?.() ?? problem(404)
  const visitor: Visit = { ask, email: 'smoke@example.com', local: false, jobSeconds: 0.01, ...visit }
  const failed: string[] = []
  for (const [name, check] of Object.entries(checks)) await check(visitor).catch(() => failed.push(name))
  return failed
}

describe('npm run smoke', () => {
  it('passes a working deployment', async () => {
    expect(await failing(working())).toEqual([])
  })

  it.each<[string, string, () => Response, string[]]>([
    ['the service is not healthy', '/healthz', () => problem(503), ['the service is healthy']],
    [
      'an address can sign up twice',
      '/users',
      () => working()['/users']?.() ?? problem(500),
      ['the same address is refused'],
    ],
    ['the job fails', '/jobs/0-1', () => json({ state: 'failed', attempt: 5 }), ['the job completes']],
    ['the job hangs', '/jobs/0-1', () => json({ state: 'running', attempt: 1 }), ['the job completes']],
    [
      'a picture is missing',
      '/users/1/avatar.png?size=64',
      () => problem(404),
      ['the picture is available in every size'],
    ],
    [
      'a picture is not a PNG file',
      '/users/1/avatar.png?size=64',
      () => json({}),
      ['the picture is available in every size'],
    ],
    [
      'a picture is too small',
      '/users/1/avatar.png?size=256',
      () => png(64, 64),
      ['the picture is available in every size'],
    ],
    ['the admin routes are open', '/admin/api/jobs', () => json([]), ['the admin routes are closed']],
    ['the admin routes are gone', '/admin/api/jobs', () => problem(404), ['the admin routes are closed']],
    [
      'an unknown path answers 200',
      '/no/such/path',
      () => new Response('hello'),
      ['an unknown path is answered with a problem'],
    ],
    [
      'an error is not problem+json',
      '/no/such/path',
      () => json({}, 404),
      ['an unknown path is answered with a problem'],
    ],
  ])('fails if %s', async (_, path, answer, names) => {
    expect(await failing({ ...working(), [path]: answer })).toEqual(names)
  })

  it('fails if the public view of a user contains the e-mail address', async () => {
    const avatar = { url: '/users/1/avatar.png', sizes: [64] }
    const answers = { ...working(), '/users/1': () => json({ id: 1, email: 'smoke@example.com', avatar }) }
    expect(await failing(answers)).toEqual(['the e-mail address is not public'])
  })

  it('accepts open admin routes only on the own machine', async () => {
    const open = () => ({ ...working(), '/admin/api/jobs': () => json([]) })
    expect(await failing(open(), { local: true })).toEqual([])
    expect(await failing(open(), { local: false })).toEqual(['the admin routes are closed'])
  })

  it('fails every check, and does not hang, if the deployment does not answer', async () => {
    const ask = () => Promise.reject(new TypeError('fetch failed'))
    expect(await failing({}, { ask })).toEqual(Object.keys(checks))
  })
})
