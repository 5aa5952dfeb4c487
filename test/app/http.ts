/** Requests to the Worker as a client sends them, without the router in front that serves assets. */
import { exports } from 'cloudflare:workers'

export function request(path: string, init?: RequestInit): Promise<Response> {
  return exports.default.fetch(new Request(`https://chard.test${path}`, init))
}

export function postJson(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return request(path, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: text })
}

/** What an accepted sign-up answers. */
export interface Accepted {
  readonly message: string
  readonly user: { readonly id: number; readonly url: string }
  readonly job: { readonly id: string; readonly task: string; readonly state: string; readonly url: string }
}
