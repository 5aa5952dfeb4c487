/**
 * Creates a user. The row is the record of what must happen; the jobs after it are handed over here or by the watchdog.
 *
 * - One INSERT decides who gets an id, an address and an idempotency key, also when many try at once.
 * - When the picture's job cannot be recorded, the row is removed and the client is told to try again, so nothing is half done.
 *   When the removal fails too, the row stays and the watchdog completes it. When the job was recorded all the same, it draws the
 *   picture of the id, which the next user with this id would get too.
 * - An Idempotency-Key is stored with the row that it made. A second request with it gets the first one's answer; if the first
 *   one died before it could answer, the second one finishes its work. A refusal is not stored, because it changed nothing.
 */
import { waitUntil } from 'cloudflare:workers'
import { openUsers } from '../database/database.ts'
import type { NewUser, Rival, Users } from '../database/users.ts'
import { handOverImage, welcome } from '../tasks/hand-over.ts'
import { requestHash, sha256 } from './idempotency.ts'
import type { SignUpRequest } from './sign-up-request.ts'
import { drawUserId } from './user-id.ts'

export type Refusal = 'user-id-taken' | 'email-taken' | 'idempotency-key-reused'

export type SignUp =
  | { readonly refused: Refusal }
  | { readonly refused?: never; readonly userId: number; readonly job: RecordedJob; readonly replayed: boolean }

export interface RecordedJob {
  readonly id: string
  readonly state: string
}

/** A drawn id may be taken, and a rival may be removed between two statements. Both are rare, and twice in a row is a fault. */
const triesMax = 3

/** @throws the error of the engine or the database; the user then does not exist, or the watchdog completes it */
export async function signUp(
  env: Cloudflare.Env,
  request: SignUpRequest,
  idempotencyKey: string | undefined,
): Promise<SignUp> {
  const users = await openUsers(env)
  for (let tries = 0; tries < triesMax; tries++) {
    const user = await newUser(request, idempotencyKey)
    if (await users.create(user)) return begin(users, user)
    const rivals = await users.rivals(user)
    const original = rivals.find(({ keyHash }) => keyHash !== null && keyHash === user.keyHash)
    const answer = original ? await repeat(users, user, original) : refusal(request, user, rivals)
    if (answer) return answer
  }
  throw new Error(`no user could be made in ${triesMax} tries`)
}

async function newUser({ userId, email }: SignUpRequest, idempotencyKey: string | undefined): Promise<NewUser> {
  return {
    id: userId ?? drawUserId(),
    email: email.address,
    emailKey: email.key,
    keyHash: idempotencyKey === undefined ? null : await sha256(idempotencyKey),
    requestHash: idempotencyKey === undefined ? null : await requestHash({ userId, email }),
    createdAt: Date.now(),
  }
}

/** Undefined when only a drawn id was taken, or nothing is any more: then another try may work. */
function refusal(request: SignUpRequest, user: NewUser, rivals: readonly Rival[]): SignUp | undefined {
  if (rivals.some(({ id }) => id === request.userId)) return { refused: 'user-id-taken' }
  if (rivals.some(({ emailKey }) => emailKey === user.emailKey)) return { refused: 'email-taken' }
  return undefined
}

async function begin(users: Users, user: NewUser): Promise<SignUp> {
  const { id } = user
  let job: RecordedJob
  try {
    job = await handOverImage(id)
  } catch (error) {
    await users.withdraw(user).catch((cause: unknown) => report('withdraw-failed', cause))
    throw error
  }
  // The answer is certain and need not wait for these. When one fails, the watchdog finds what is missing.
  waitUntil(users.imageHandedOver(id, job.id).catch((error: unknown) => report('note-failed', error)))
  waitUntil(welcome(users, id).catch((error: unknown) => report('welcome-failed', error)))
  return { userId: id, job, replayed: false }
}

/**
 * The first request's answer. The welcome is sent by that request or the watchdog. Undefined when that request has removed its
 * user meanwhile, or has just recorded the job: another look says which.
 */
async function repeat(
  users: Users,
  user: NewUser,
  { id, requestHash, imageJobId }: Rival,
): Promise<SignUp | undefined> {
  if (requestHash !== user.requestHash) return { refused: 'idempotency-key-reused' }
  const jobId = imageJobId ?? (await handOverImage(id)).id
  if (imageJobId === null && !(await users.imageHandedOver(id, jobId))) return undefined
  return { userId: id, job: { id: jobId, state: 'queued' }, replayed: true }
}

function report(event: string, error: unknown): void {
  console.error({ event, error: error instanceof Error ? error.message : String(error) })
}
