import { describe, expect, test } from 'vitest'
import { newRow } from '../../../../src/engine/ledger/domain/row.ts'
import { jobStatements } from '../../../../src/engine/ledger/storage/jobs.ts'
import { migrate } from '../../../../src/engine/ledger/storage/schema.ts'
import {
  bulkStatements,
  factStatements,
  limitStatements,
  minuteStatements,
  runnerStatements,
  scheduleStatements,
} from '../../../../src/engine/ledger/storage/small-tables.ts'
import type { Sql } from '../../../../src/engine/ledger/storage/sql.ts'
import { nodeSql } from '../../../../src/testing/node-database.ts'
import { Rig, withAlarm } from '../rig.ts'

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
    input: before.input,
  })
  const group = { task: 'send', partition: 'p' }
  const schedule = { name: 's', task: 'send', rule: '{}', anchor: 1, nextAt: 2, paused: 0, history: '[]' }
  const bulk = { id: 'b', action: 'cancel', filter: '{}', startedAt: 1, below: null, looked: 0, changed: 0 }
  const lane = { priority: 0, ...group, from: '3-' }
  const rooms = {
    job: jobStatements(explaining),
    fact: factStatements(explaining),
    runner: runnerStatements(explaining),
    limit: limitStatements(explaining),
    schedule: scheduleStatements(explaining),
    bulk: bulkStatements(explaining),
    minuteStat: minuteStatements(explaining),
  }
  const calls: Record<string, () => unknown> = {
    'job.insert': () => [rooms.job.insert([a, b]), rooms.job.insert([big])],
    'job.takeOver': () => [
      rooms.job.takeOver([
        { id: a.id, row: row() },
        { id: b.id, row: row() },
      ]),
      rooms.job.takeOver([{ id: big.id, row: row() }]),
    ],
    'job.update': () => [rooms.job.update([change(a), change(b)]), rooms.job.update([change(big)])],
    'job.byIds': () => rooms.job.byIds([a.id, b.id]),
    'job.withInput': () => rooms.job.withInput([a.id, b.id]),
    'job.byKey': () => rooms.job.byKey('k', 'send', 'p'),
    'job.fromWatermark': () => rooms.job.fromWatermark('3-', '3-', 5),
    'job.besides': () => rooms.job.besides([lane, { ...lane, task: 'draw' }], '3-', 5),
    'job.countLeft': () => rooms.job.countLeft([lane, { ...lane, task: 'draw' }]),
    'job.left': () => rooms.job.left(lane, 5),
    'job.waitingAfter': () => rooms.job.waitingAfter('3-', 5),
    'job.due': () => rooms.job.due(0, '', 5, 5),
    'job.runningDue': () => rooms.job.runningDue(5),
    'job.nextDueAt': () => rooms.job.nextDueAt(0, ''),
    'job.countBetween': () => rooms.job.countBetween('3-', '4-'),
    'job.sweep': () => rooms.job.sweep('3-', '4-', 5),
    'job.firstAfter': () => rooms.job.firstAfter('3-'),
    'job.setDue': () => rooms.job.setDue([{ id: a.id, dueAt: 5 }]),
    'job.remove': () => rooms.job.remove([a.id]),
    'job.search': () => rooms.job.search('4-', '3-', 5),
    'fact.read': () => rooms.fact.read('x'),
    'fact.write': () => rooms.fact.write('x', 1),
    'fact.forget': () => rooms.fact.forget('x'),
    'runner.all': () => rooms.runner.all(),
    'runner.extend': () => rooms.runner.extend('r', 1),
    'runner.forget': () => rooms.runner.forget('r'),
    'limit.read': () => rooms.limit.read(group),
    'limit.write': () => rooms.limit.write(group, '[]', 1),
    'limit.after': () => rooms.limit.after(group, 5),
    'limit.forget': () => rooms.limit.forget(group),
    'schedule.all': () => rooms.schedule.all(),
    'schedule.write': () => rooms.schedule.write({ ...schedule, stopped: null, lastJob: null }),
    'bulk.get': () => rooms.bulk.get('b'),
    'bulk.all': () => rooms.bulk.all(),
    'bulk.write': () => rooms.bulk.write(bulk),
    'bulk.forget': () => rooms.bulk.forget('b'),
    'minuteStat.newest': () => rooms.minuteStat.newest('send'),
    'minuteStat.takeOver': () => rooms.minuteStat.takeOver('send', 1, 2, '{}', '{}'),
    'minuteStat.write': () => rooms.minuteStat.write('send', 1, '{}', '{}'),
    'minuteStat.between': () => rooms.minuteStat.between(1, 60),
    'minuteStat.counters': () => rooms.minuteStat.counters(),
    'minuteStat.forgetBefore': () => rooms.minuteStat.forgetBefore(1),
  }
  for (const [name, call] of Object.entries(calls)) {
    verb = name
    call()
  }
  const known = Object.entries(rooms).flatMap(([room, statements]) =>
    Object.keys(statements).map((name) => `${room}.${name}`),
  )
  expect(Object.keys(calls).sort(), 'every verb of statements.ts and small-tables.ts is held here').toEqual(
    known.sort(),
  )
  return seen
}

/** The tables that are read whole, and what is bound and read as a table. */
const allowed = [
  {
    scan: 'SCAN runners',
    verb: 'runner.all',
    because: 'it has a row for each runner at work, and upkeep forgets the dead',
  },
  { scan: 'SCAN schedules', verb: 'schedule.all', because: 'it has a row for each schedule that the code has had' },
  {
    scan: 'SCAN bulks',
    verb: 'bulk.all',
    because: 'it has a row for each of the newest actions, and the next forgets the oldest',
  },
  { scan: 'SCAN tasks', verb: undefined, because: 'it is the names of tasks, each found by a look at the key' },
  { scan: 'SCAN json_each VIRTUAL TABLE INDEX 1:', verb: undefined, because: 'it is the array that was bound' },
  { scan: 'SCAN v VIRTUAL TABLE INDEX 1:', verb: undefined, because: 'it is the array that was bound' },
  { scan: 'SCAN (subquery-1)', verb: undefined, because: 'it is the rows that the query inside has found by key' },
  { scan: 'SCAN CONSTANT ROW', verb: undefined, because: 'it reads no table: how many rows were written' },
]

/** What is sorted all the same: little, however much there is. */
const sorted: Readonly<Record<string, { sort: string; because: string }>> = {
  'job.countBetween': { sort: 'USE TEMP B-TREE FOR GROUP BY', because: 'seven states a task at most' },
  'bulk.all': { sort: 'USE TEMP B-TREE FOR ORDER BY', because: 'a few rows' },
}

describe('statements', () => {
  const all = plans()

  test.each(all)('$verb reaches its rows by key: $plan', ({ verb, plan }) => {
    const scans = plan.filter((line) => line.startsWith('SCAN'))
    expect(scans.filter((line) => !allowed.some((one) => one.scan === line && (one.verb ?? verb) === verb))).toEqual([])
  })

  test.each(all)('$verb sorts nothing and builds no index on the way', ({ verb, plan }) => {
    const built = plan.filter((line) => /TEMP B-TREE|AUTOMATIC/.test(line))
    expect(built).toEqual(sorted[verb] ? [sorted[verb].sort] : [])
  })

  test.each([
    ['job.due', 'jobs_due', 'what waits for its time is found without reading what does not'],
    ['job.runningDue', 'jobs_due', 'of all that is due only what runs is kept'],
    ['job.nextDueAt', 'jobs_due', 'so is the next of them'],
    ['job.byKey', 'jobs_unique', 'a key names one job of a task and partition'],
  ])('%s goes by the index %s, because %s', (verb, index) => {
    const [found] = all.filter((one) => one.verb === verb)
    expect(found?.plan.join()).toContain(`INDEX ${index}`)
  })

  test('a range of ids without an end has a limit', () => {
    const open = all.filter(({ statement }) => /FROM jobs/.test(statement) && /id (>|>=|<) \?/.test(statement))
    expect(open.map(({ verb }) => verb)).toEqual([
      'job.fromWatermark',
      'job.besides',
      'job.countLeft',
      'job.left',
      'job.waitingAfter',
      'job.countBetween',
      'job.sweep',
      'job.firstAfter',
      'job.search',
    ])
    // Counting a range has two ends instead: the mark as it was and as it will be. And activation counts what it leaves
    // on disk in place of reading it.
    const counting = ['job.countBetween', 'job.countLeft']
    for (const { verb, statement } of open) if (!counting.includes(verb)) expect(statement).toMatch(/LIMIT/)
  })

  test('the limits of all partitions are looked at a slice at a time, from where the last slice ended', () => {
    const [found] = all.filter(({ verb }) => verb === 'limit.after')
    expect(found?.statement).toMatch(/LIMIT/)
    expect(found?.plan).toEqual(['SEARCH limits USING PRIMARY KEY ((task,partition)>(?,?))'])
  })

  test('an update without a new input keeps the one that is there', () => {
    const sql = nodeSql()
    migrate(sql, 1)
    const jobs = jobStatements(sql)
    const rig = new Rig({ ...withAlarm(nodeSql()), rowsWritten: () => 0 })
    const [a, b] = [newRow(rig.job({ input: '"a"' }), 5), newRow(rig.job({ input: '"b"' }), 5)]
    jobs.insert([a, b])
    jobs.update([{ before: a, after: a }])
    jobs.update([
      { before: a, after: a },
      { before: b, after: b, input: '"c"' },
    ])
    expect(jobs.withInput([a.id, b.id]).map(({ input }) => input)).toEqual(['"a"', '"c"'])
    jobs.update([{ before: a, after: a, input: '"d"' }])
    expect(jobs.withInput([a.id]).map(({ input }) => input)).toEqual(['"d"'])
  })

  test('a key is held once in each partition of a task, and a search knows the key that a job held', () => {
    const sql = nodeSql()
    migrate(sql, 1)
    const jobs = jobStatements(sql)
    const rig = new Rig({ ...withAlarm(nodeSql()), rowsWritten: () => 0 })
    const rowOf = (partition: string) => newRow(rig.job({ key: 'k', partition }), 5)
    const [a, b] = [rowOf('p'), rowOf('q')]
    jobs.insert([a, b, rowOf('')])
    expect(jobs.byKey('k', 'send', 'p')?.id).toBe(a.id)
    expect(() => jobs.insert([rowOf('q')])).toThrow(/UNIQUE/)
    jobs.update([{ before: b, after: { ...b, key: null, formerKey: 'k' } }])
    expect(jobs.byKey('k', 'send', 'q')).toBeUndefined()
    expect(jobs.search('4-', '3-', 9).map(({ key }) => key)).toEqual(['k', 'k', 'k'])
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

  test('a row that is taken over is that of an ended job in no index, and holds nothing of it afterwards', () => {
    const sql = nodeSql()
    migrate(sql, 1)
    const jobs = jobStatements(sql)
    const rig = new Rig({ ...withAlarm(nodeSql()), rowsWritten: () => 0 })
    const states = ['scheduled', 'queued', 'running', 'retrying', 'completed', 'failed', 'cancelled'] as const
    const rows = states.map((state) => ({ ...newRow(rig.job(), 5), state, history: '[1]', output: '2', error: '{}' }))
    const [keyed, due] = [
      { ...newRow(rig.job({ key: 'k' }), 5), state: 'completed' as const },
      { ...newRow(rig.job(), 5), state: 'completed' as const, dueAt: 9 },
    ]
    const all = [...rows, keyed, due]
    jobs.insert(all)
    const fresh = all.map(() => newRow(rig.job({ input: '"new"' }), 6))
    const takenOver = all.map(({ id }, index) => jobs.takeOver([{ id, row: fresh[index] as (typeof fresh)[number] }]))
    expect(takenOver).toEqual([0, 0, 0, 0, 1, 1, 1, 0, 0])
    expect(sql.all('SELECT * FROM jobs ORDER BY id')).toHaveLength(all.length)
    const plain = nodeSql()
    migrate(plain, 1)
    jobStatements(plain).insert(fresh.slice(4, 7))
    const stored = (from: Sql) =>
      from.all(
        'SELECT * FROM jobs WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id',
        JSON.stringify(fresh.map(({ id }) => id)),
      )
    expect(stored(sql)).toEqual(stored(plain))
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
