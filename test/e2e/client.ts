/** What a client of the service does with its answers, and how a test reads what came of them. */
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, vi } from 'vitest'
import { isFinal, type JobState } from '../../src/engine/task/states.ts'
import type { DevServer } from './dev-server.ts'

export interface SignedUp {
  readonly message: string
  readonly user: { readonly id: number; readonly url: string }
  readonly job: { readonly id: string; readonly task: string; readonly state: string; readonly url: string }
}

export interface JobView {
  readonly id: string
  readonly state: JobState
  readonly attempt: number
  readonly maxAttempts: number
  readonly progress?: { readonly value: number; readonly message?: string }
  readonly output?: unknown
}

/** Asks for the job until it is final, as the README shows. */
export async function follow(server: DevServer, url: string, withinMs = 60_000): Promise<JobView> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const answer = await server.fetch(url, { headers: { Prefer: 'wait=10' } })
    expect(answer.status, url).toBe(200)
    const job = (await answer.json()) as JobView
    if (isFinal(job.state)) return job
    if (Date.now() > deadline) throw new Error(`${url} is still ${job.state}:\n${JSON.stringify(job, null, 2)}`)
    await sleep(200)
  }
}

/** A PNG's width and height, from its first chunk. Anything else is refused. */
export function pngSize(file: ArrayBuffer): { readonly width: number; readonly height: number } {
  const bytes = new DataView(file)
  expect(bytes.getBigUint64(0), 'the signature of a PNG').toBe(0x89504e470d0a1a0an)
  expect(bytes.getUint32(12), 'the type of its first chunk, IHDR').toBe(0x49484452)
  return { width: bytes.getUint32(16), height: bytes.getUint32(20) }
}

/** The letter that the server's log says it wrote for an address. Locally e-mail is a text and an HTML file. */
export async function mailTo(server: DevServer, address: string): Promise<{ text: string; html: string }> {
  return vi.waitFor(
    async () => {
      const letters = server.log.split('send_email binding called').slice(1)
      const letter = letters.find((lines) => lines.includes(`To: ${address}\n`)) ?? ''
      const [text, html] = ['Text', 'HTML'].map((part) => new RegExp(`^${part}: (.+)$`, 'm').exec(letter)?.[1])
      if (!text || !html) throw new Error(`There is no letter to ${address} in the log:\n${server.log}`)
      return { text: await readFile(text, 'utf8'), html: await readFile(html, 'utf8') }
    },
    { timeout: 20_000, interval: 200 },
  )
}
