/**
 * A typed client of the service, made from the type of its app: the compiler checks paths, bodies and answers, and nothing of the
 * Worker is bundled. `npm run check` compiles this file.
 */
import { hc } from 'hono/client'
import type { AppType } from '../src/app/app.ts'

/** Signs a user up, waits for the picture's job, and returns its last state. */
export async function signUp(origin: string, email: string) {
  const client = hc<AppType>(origin)
  const header = { 'idempotency-key': crypto.randomUUID() }
  const accepted = await client.users.$post({ json: { email }, header })
  if (accepted.status !== 202) {
    // The error's shape is known too: match on `code`.
    const { code, detail } = await accepted.json()
    throw new Error(`${code}: ${detail}`)
  }
  const { job } = await accepted.json()
  const seen = await client.jobs[':id'].$get({ param: { id: job.id } }, { headers: { Prefer: 'wait=20' } })
  if (seen.status !== 200) throw new Error(`the job answered ${seen.status}`)
  const { state, progress } = await seen.json()
  return { state, progress }
}

/** Cancels the waiting jobs of a task, as an operator. Returns the state of each. */
export async function cancelWaiting(origin: string, token: string, task: string) {
  const client = hc<AppType>(origin, { headers: { Authorization: `Bearer ${token}` } })
  const { jobs } = client.admin.api
  const page = await jobs.$get({ query: { state: 'queued', task, limit: '100' } })
  if (page.status !== 200) throw new Error((await page.json()).detail)
  const { jobs: waiting, missing } = await page.json()
  const states = await Promise.all(
    waiting.map(async ({ id }) => {
      const answer = await jobs[':id'].cancel.$post({ param: { id } })
      return answer.status === 200 ? (await answer.json()).state : (await answer.json()).code
    }),
  )
  return { states, missing }
}
