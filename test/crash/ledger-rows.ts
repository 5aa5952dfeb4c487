/** Reads what the Worker shows: its records page by page, its witness line by line, and the overview of its ledgers. */
import { isFinal, jobStates } from '../../src/engine/task/states.ts'
import type { DevServer } from '../e2e/dev-server.ts'
import type { Glance, JobsPage, RecordedJob, Run } from './shapes.ts'

/** Everything that the verdict needs. */
export interface Recorded {
  readonly jobs: readonly RecordedJob[]
  readonly runs: readonly Run[]
  readonly glance: Glance
}

export async function readRecorded(server: DevServer): Promise<Recorded> {
  return { jobs: await allJobs(server), runs: await allRuns(server), glance: await glance(server) }
}

export async function glance(server: DevServer): Promise<Glance> {
  const seen = await json<Glance>(server, '/overview')
  if (seen.missing.length > 0) throw new Error(`shards ${seen.missing.join(', ')} did not answer`)
  return seen
}

/** How many jobs of a shard, or of all shards, are not final. */
export function unfinished(states: Readonly<Record<string, number>>): number {
  return jobStates.reduce((sum, state) => (isFinal(state) ? sum : sum + (states[state] ?? 0)), 0)
}

async function allJobs(server: DevServer): Promise<RecordedJob[]> {
  const jobs: RecordedJob[] = []
  let cursor: string | undefined
  do {
    const page = await json<JobsPage>(server, cursor === undefined ? '/jobs' : `/jobs?cursor=${cursor}`)
    if (page.missing.length > 0) throw new Error(`shards ${page.missing.join(', ')} did not answer`)
    jobs.push(...page.jobs)
    cursor = page.cursor
  } while (cursor !== undefined)
  return jobs
}

async function allRuns(server: DevServer): Promise<Run[]> {
  const runs: Run[] = []
  for (;;) {
    const page = await json<Run[]>(server, `/witness?after=${runs.at(-1)?.seq ?? 0}`)
    if (page.length === 0) return runs
    runs.push(...page)
  }
}

async function json<T>(server: DevServer, path: string): Promise<T> {
  const answer = await server.fetch(path)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`GET ${path} answered ${answer.status}: ${text.slice(0, 500)}`)
  return JSON.parse(text) as T
}
