/**
 * Requests to the API, whose URLs are relative to this script, so that the admin can be mounted anywhere. Answers come with their
 * ETag. An error is thrown as a `Refusal` with its problem.
 */

const room = new URL('../', import.meta.url)
const timeoutMs = 20_000

export interface Finding {
  readonly path: string
  readonly message: string
}

/** An error answer; or none, and then `status` is 0. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string
  readonly findings: readonly Finding[]

  constructor(status: number, code: string, detail: string, findings: readonly Finding[] = []) {
    super(detail)
    this.status = status
    this.code = code
    this.findings = findings
  }
}

/** `data` is absent when it has not changed since the ETag. */
export interface Answer<T> {
  readonly data?: T
  readonly etag?: string | undefined
}

export async function ask<T>(path: string, etag?: string): Promise<Answer<T>> {
  const response = await send(`api/${path}`, { headers: etag === undefined ? {} : { 'If-None-Match': etag } })
  if (response.status === 304) return { etag }
  return { data: (await response.json()) as T, etag: response.headers.get('ETag') ?? undefined }
}

/** @param once an idempotency key, under which a repeated request does nothing more */
export async function change<T>(method: string, path: string, body?: unknown, once?: string): Promise<T> {
  return (await post(`api/${path}`, method, body, once)) as T
}

export async function login(token: string): Promise<void> {
  await post('login', 'POST', { token })
}

export async function logout(): Promise<void> {
  await post('logout', 'POST')
}

/** Browsers have randomUUID only on a page over https. */
export function newKey(): string {
  return crypto.randomUUID?.() ?? String(Math.random()).slice(2)
}

async function post(path: string, method: string, body?: unknown, once?: string): Promise<unknown> {
  const response = await send(path, {
    method,
    headers: {
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...(once !== undefined && { 'Idempotency-Key': once }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return response.status === 204 ? undefined : response.json()
}

async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(new URL(path, room), { ...init, signal: AbortSignal.timeout(timeoutMs) })
  } catch {
    throw new Refusal(0, 'unreachable', 'The service does not answer.')
  }
  if (response.ok || response.status === 304) return response
  const { code, detail, errors } = await problemOf(response)
  throw new Refusal(response.status, code ?? 'error', detail ?? `The service answered ${response.status}.`, errors)
}

interface Problem {
  readonly code?: string
  readonly detail?: string
  readonly errors?: Finding[]
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    return (await response.json()) as Problem
  } catch {
    return {}
  }
}
