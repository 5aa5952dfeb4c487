/** The public view of a job at one time: its bytes, and a tag that changes when they do. */
import type { JobRecord } from '../engine/index.ts'
import { publicJob } from './view.ts'

export interface Snapshot {
  readonly body: string
  /** A hash of `body`: its ETag, and the id of its event. */
  readonly tag: string
}

export async function snapshot(record: JobRecord, url: string): Promise<Snapshot> {
  const body = JSON.stringify(publicJob(record, url))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(body)))
  // 128 bits tell the versions of one job apart.
  const tag = Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return { body, tag }
}
