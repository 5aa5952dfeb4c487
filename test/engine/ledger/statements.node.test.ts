import { describe, expect, test } from 'vitest'
import { newRow } from '../../../src/engine/ledger/row.ts'
import { migrate } from '../../../src/engine/ledger/schema.ts'
import { factStatements, runnerStatements, tallyStatements } from '../../../src/engine/ledger/small-tables.ts'
import type { Sql } from '../../../src/engine/ledger/sql.ts'
import { jobStatements } from '../../../src/engine/ledger/statements.ts'
import { nodeSql } from './node-sql.ts'
import { Rig, withAlarm } from './rig.ts'

/** Every statement of a ledger, by the verb that runs it, as SQLite would run it. */
function plans(): { verb: string; statement: string; plan: string[] }[] {
  const sql = nodeSql()
  migrate(sql, 1)
  const seen: { verb: string; statement: string; plan: string[] }[] = []
  let verb = ''
  const explaining: Sql = {
    ...sql,
    all<Row>(statement: string, ...bindings: never[]): Row[] {
      const plan = sql
        .all<{ detail: string }>(`EXPLAIN QUERY PLAN ${statement}`, ...bindings)
        .map(({ detail }) => detail)
      seen.push({ verb, statement, plan })
      return sql.all<Row>(statement, ...bindings)
    },
  }
  const rig = new Rig({ ...withAlarm(nodeSql()), rowsWritten: () => 0 })
  const row = (more: object = {}) => newRow({ ...rig.job(), ...more }, 5)
  const [a, b] = [row(), row()]
  const big = row({ input: JSON.stringify('x'.repeat(100_000)) })
  const change = (before: typeof a) => ({
    before,
    after: { ...before, state: 'running' as const, output: before.input },
  })
  const rooms = {
    job: jobStatements(explaining),
    fact: factStatements(explaining),
    runner: runnerStatements(explaining),
    tally: tallyStatements(explaining),
  }
  const calls: Record<string, () => unknown> = {
    'job.insert': () => [rooms.job.insert([a, b]), rooms.job.insert([big])],
    'job.update': () => [rooms.job.update([change(a), change(b)]), rooms.job.update([change(big)])],
    'job.byIds': () => rooms.job.byIds([a.id, b.id]),
    'job.withInput': () => rooms.job.withInput([a.id, b.id]),
    'job.byKey': () => rooms.job.byKey('k', 'send'),
    'job.fromMark': () => rooms.job.fromMark('3-', '3-', 5),
    'job.waitingAfter': () => rooms.job.waitingAfter('3-', 5),
    'job.due': () => rooms.job.due(0, '', 5, 5),
    'job.runningDue': () => rooms.job.runningDue(5),
    'job.nextDueAt': () => rooms.job.nextDueAt(0, ''),
    'job.countBetween': () => rooms.job.countBetween('3-', '4-'),
    'job.sweep': () => rooms.job.sweep('3-', '4-', 5),
    'job.firstAfter': () => rooms.job.firstAfter('3-'),
    'job.setDue': () => rooms.job.setDue([{ id: a.id, dueAt: 5 }]),
    'job.remove': () => rooms.job.remove([a.id]),
    'job.search': () => rooms.job.search('4-', 5),
    'fact.read': () => rooms.fact.read('x'),
    'fact.write': () => rooms.fact.write('x', 1),
    'fact.forget': () => rooms.fact.forget('x'),
    'runner.all': () => rooms.runner.all(),
    'runner.extend': () => rooms.runner.extend('r', 1),
    'runner.forget': () => rooms.runner.forget('r'),
    'tally.read': () => rooms.tally.read(1, 'send'),
    'tally.write': () => rooms.tally.write(1, 'send', '{}'),
    'tally.forgetBefore': () => rooms.tally.forgetBefore(1),
  }
  for (const [name, call] of Object.entries(calls)) {
    verb = name
    call()
  }
  const known = Object.entries(rooms).flatMap(([room, statements]) =>
    Object.keys(statements).map((name) => `${room}.${name}`),
  )
  expect(Object.keys(calls).sort(), 'every verb of statements.ts is held here').toEqual(known.sort())
  return seen
}

/** The one table that is read whole, and what is bound and read as a table. */
const allowed = [
  {
    scan: 'SCAN runners',
    verb: 'runner.all',
    because: 'it has a row for each runner at work, and upkeep forgets the dead',
  },
  { scan: 'SCAN json_each VIRTUAL TABLE INDEX 1:', verb: undefined, because: 'it is the array that was bound' },
  { scan: 'SCAN v VIRTUAL TABLE INDEX 1:', verb: undefined, because: 'it is the array that was bound' },
]

describe('statements', () => {
  const all = plans()

  test.each(all)('$verb reaches its rows by key: $plan', ({ verb, plan }) => {
    const scans = plan.filter((line) => line.startsWith('SCAN'))
    expect(scans.filter((line) => !allowed.some((one) => one.scan === line && (one.verb ?? verb) === verb))).toEqual([])
  })

  test.each(all)('$verb sorts nothing and builds no index on the way', ({ verb, plan }) => {
    const built = plan.filter((line) => /TEMP B-TREE|AUTOMATIC/.test(line))
    // Seven states at most, however many rows are counted.
    expect(built).toEqual(verb === 'job.countBetween' ? ['USE TEMP B-TREE FOR GROUP BY'] : [])
  })

  test.each([
    ['job.due', 'jobs_due', 'what waits for its time is found without reading what does not'],
    ['job.runningDue', 'jobs_due', 'of all that is due only what runs is kept'],
    ['job.nextDueAt', 'jobs_due', 'so is the next of them'],
    ['job.byKey', 'jobs_key', 'a key names one job of a task'],
  ])('%s goes by the index %s, because %s', (verb, index) => {
    const [found] = all.filter((one) => one.verb === verb)
    expect(found?.plan.join()).toContain(`INDEX ${index}`)
  })

  test('a range of ids without an end has a limit', () => {
    const open = all.filter(({ statement }) => /FROM jobs/.test(statement) && /id (>|>=|<) \?/.test(statement))
    expect(open.map(({ verb }) => verb)).toEqual([
      'job.fromMark',
      'job.waitingAfter',
      'job.countBetween',
      'job.sweep',
      'job.firstAfter',
      'job.search',
    ])
    // Counting a range has two ends instead: the mark as it was and as it will be.
    for (const { verb, statement } of open) if (verb !== 'job.countBetween') expect(statement).toMatch(/LIMIT/)
  })

  test('an update of a row that has changed since it was read writes nothing', () => {
    const sql = nodeSql()
    migrate(sql, 1)
    const jobs = jobStatements(sql)
    const rig = new Rig({ ...withAlarm(nodeSql()), rowsWritten: () => 0 })
    const row = newRow(rig.job(), 5)
    jobs.insert([row])
    for (const more of [
      { state: 'retrying' },
      { attempt: 1 },
      { lease: 'x' },
      { leaseUntil: 5 },
      { cancelling: 1 },
    ] as const) {
      const before = { ...row, ...more }
      expect(jobs.update([{ before, after: row }])).toBe(0)
      expect(
        jobs.update([
          { before, after: row },
          { before, after: row },
        ]),
      ).toBe(0)
    }
    expect(jobs.update([{ before: row, after: { ...row, priority: 5 } }])).toBe(1)
    expect(jobs.byIds([row.id])).toMatchObject([{ priority: 5 }])
  })

  test('a live job is never removed, whatever it is told', () => {
    const sql = nodeSql()
    migrate(sql, 1)
    const jobs = jobStatements(sql)
    const rig = new Rig({ ...withAlarm(nodeSql()), rowsWritten: () => 0 })
    const rows = (['scheduled', 'queued', 'running', 'retrying', 'completed', 'failed', 'cancelled'] as const).map(
      (state) => ({ ...newRow(rig.job(), 5), state }),
    )
    jobs.insert(rows)
    expect(jobs.remove(rows.map(({ id }) => id)).sort()).toEqual(
      rows
        .slice(4)
        .map(({ id }) => id)
        .sort(),
    )
  })

  test('rows come in the order that was asked for, unknown ones left out', () => {
    const sql = nodeSql()
    migrate(sql, 1)
    const jobs = jobStatements(sql)
    const rig = new Rig({ ...withAlarm(nodeSql()), rowsWritten: () => 0 })
    const [a, b, c] = [1, 2, 3].map(() => newRow(rig.job(), 5).id) as [string, string, string]
    jobs.insert([a, b, c].map((id) => newRow({ ...rig.job(), id }, 5)))
    expect(jobs.byIds([c, 'x', a, b]).map(({ id }) => id)).toEqual([c, a, b])
    expect(jobs.withInput([b, a]).map(({ id }) => id)).toEqual([b, a])
    expect(jobs.byIds([])).toEqual([])
  })
})
