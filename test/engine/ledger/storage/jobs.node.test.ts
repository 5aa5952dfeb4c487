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
import { isFinal, jobStates } from '../../../../src/engine/task/states.ts'
import { nodeSql } from '../../../../src/testing/node-database.ts'
import { Rig, withAlarm } from '../rig.ts'

/** Every statement of a ledger, with the method that runs it and the plan by which SQLite would run it. */
function plans(): { method: string; statement: string; plan: string[] }[] {
  const sql = nodeSql()
  migrate(sql, 1)
  const seen: { method: string; statement: string; plan: string[] }[] = []
  let method = ''
  const explaining: Sql = {
    ...sql,
    all<Row>(statement: string, ...bindings: never[]): Row[] {
      const plan = sql
        .all<{ detail: string }>(`EXPLAIN QUERY PLAN ${statement}`, ...bindings)
        .map(({ detail }) => detail)
      seen.push({ method, statement, plan })
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
  const tables = {
    job: jobStatements(explaining),
    fact: factStatements(explaining),
    runner: runnerStatements(explaining),
    limit: limitStatements(explaining),
    schedule: scheduleStatements(explaining),
    bulk: bulkStatements(explaining),
    minuteStat: minuteStatements(explaining),
  }
  const calls: Record<string, () => unknown> = {
    'job.insert': () => [tables.job.insert([a, b]), tables.job.insert([big])],
    'job.takeOver': () => [
      tables.job.takeOver([
        { id: a.id, row: row() },
        { id: b.id, row: row() },
      ]),
      tables.job.takeOver([{ id: big.id, row: row() }]),
    ],
    'job.update': () => [tables.job.update([change(a), change(b)]), tables.job.update([change(big)])],
    'job.byIds': () => tables.job.byIds([a.id, b.id]),
    'job.withInput': () => tables.job.withInput([a.id, b.id]),
    'job.byKey': () => tables.job.byKey('k', 'send', 'p'),
    'job.fromWatermark': () => tables.job.fromWatermark('3-', '3-', 5),
    'job.besides': () => tables.job.besides([lane, { ...lane, task: 'draw' }], '3-', 5),
    'job.countLeft': () => tables.job.countLeft([lane, { ...lane, task: 'draw' }]),
    'job.left': () => tables.job.left(lane, 5),
    'job.waitingAfter': () => tables.job.waitingAfter('3-', 5),
    'job.due': () => tables.job.due(0, '', 5, 5),
    'job.runningDue': () => tables.job.runningDue(5),
    'job.nextDueAt': () => tables.job.nextDueAt(0, ''),
    'job.countBetween': () => tables.job.countBetween('3-', '4-'),
    'job.sweep': () => tables.job.sweep('3-', '4-', 5),
    'job.firstAfter': () => tables.job.firstAfter('3-'),
    'job.setDue': () => tables.job.setDue([{ id: a.id, dueAt: 5 }]),
    'job.remove': () => tables.job.remove([a.id]),
    'job.search': () => tables.job.search('4-', '3-', 5),
    'fact.read': () => tables.fact.read('x'),
    'fact.write': () => tables.fact.write('x', 1),
    'fact.forget': () => tables.fact.forget('x'),
    'runner.all': () => tables.runner.all(),
    'runner.extend': () => tables.runner.extend('r', 1),
    'runner.forget': () => tables.runner.forget('r'),
    'limit.read': () => tables.limit.read(group),
    'limit.write': () => tables.limit.write(group, '[]', 1),
    'limit.after': () => tables.limit.after(group, 5),
    'limit.forget': () => tables.limit.forget(group),
    'schedule.all': () => tables.schedule.all(),
    'schedule.write': () => tables.schedule.write({ ...schedule, stopped: null, lastJob: null }),
    'bulk.get': () => tables.bulk.get('b'),
    'bulk.all': () => tables.bulk.all(),
    'bulk.write': () => tables.bulk.write(bulk),
    'bulk.forget': () => tables.bulk.forget('b'),
    'minuteStat.newest': () => tables.minuteStat.newest('send'),
    'minuteStat.takeOver': () => tables.minuteStat.takeOver('send', 1, 2, '{}', '{}'),
    'minuteStat.write': () => tables.minuteStat.write('send', 1, '{}', '{}'),
    'minuteStat.between': () => tables.minuteStat.between(1, 60),
    'minuteStat.counters': () => tables.minuteStat.counters(),
    'minuteStat.forgetBefore': () => tables.minuteStat.forgetBefore(1),
  }
  for (const [name, call] of Object.entries(calls)) {
    method = name
    call()
  }
  const known = Object.entries(tables).flatMap(([table, statements]) =>
    Object.keys(statements).map((name) => `${table}.${name}`),
  )
  expect(Object.keys(calls).sort(), 'every method of jobs.ts and small-tables.ts is called here').toEqual(known.sort())
  return seen
}

/** The scans that are allowed: of tables that stay small, and of values that SQLite reads as a table. */
const allowed = [
  {
    scan: 'SCAN runners',
    method: 'runner.all',
    because: 'it has a row for each runner at work, and maintenance removes the rows of dead runners',
  },
  { scan: 'SCAN schedules', method: 'schedule.all', because: 'it has a row for each schedule that the code has had' },
  {
    scan: 'SCAN bulks',
    method: 'bulk.all',
    because: 'it has a row for each of the newest bulk actions, and the next action removes the oldest',
  },
  { scan: 'SCAN tasks', method: undefined, because: 'it is the list of tasks, each found by one look-up by key' },
  { scan: 'SCAN json_each VIRTUAL TABLE INDEX 1:', method: undefined, because: 'it is the array that was bound' },
  { scan: 'SCAN v VIRTUAL TABLE INDEX 1:', method: undefined, because: 'it is the array that was bound' },
  { scan: 'SCAN (subquery-1)', method: undefined, because: 'it is the rows that the inner query has found by key' },
  { scan: 'SCAN CONSTANT ROW', method: undefined, because: 'it reads no table, only the number of rows written' },
]

/** The methods that sort. They sort a few rows, however large the tables are. */
const sorted: Readonly<Record<string, { sort: string; because: string }>> = {
  'job.countBetween': { sort: 'USE TEMP B-TREE FOR GROUP BY', because: 'it sorts seven states of each task at most' },
  'bulk.all': { sort: 'USE TEMP B-TREE FOR ORDER BY', because: 'it sorts a few rows' },
}

describe('SQL statements', () => {
  const all = plans()

  test.each(all)('of $method find their rows by key: $plan', ({ method, plan }) => {
    const scans = plan.filter((line) => line.startsWith('SCAN'))
    expect(
      scans.filter((line) => !allowed.some((one) => one.scan === line && (one.method ?? method) === method)),
    ).toEqual([])
  })

  test.each(all)('of $method sort a few rows at most, and build no index', ({ method, plan }) => {
    const built = plan.filter((line) => /TEMP B-TREE|AUTOMATIC/.test(line))
    expect(built).toEqual(sorted[method] ? [sorted[method].sort] : [])
  })

  test.each([
    ['job.due', 'jobs_due', 'the jobs that are due are found without reading others'],
    ['job.runningDue', 'jobs_due', 'the running jobs are found among those that are due'],
    ['job.nextDueAt', 'jobs_due', 'the next due time is found without reading other jobs'],
    ['job.byKey', 'jobs_unique', 'a key names one job of a task and partition'],
  ])('of %s use the index %s, because %s', (method, index) => {
    const [found] = all.filter((one) => one.method === method)
    expect(found?.plan.join()).toContain(`INDEX ${index}`)
  })

  test('that read an open range of ids have a LIMIT', () => {
    const open = all.filter(({ statement }) => /FROM jobs/.test(statement) && /id (>|>=|<) \?/.test(statement))
    expect(open.map(({ method }) => method)).toEqual([
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
    // `countBetween` has two ends instead: the old and the new watermark. `countLeft` counts the jobs that activation
    // leaves on disk, and reads none of them.
    const counting = ['job.countBetween', 'job.countLeft']
    for (const { method, statement } of open) if (!counting.includes(method)) expect(statement).toMatch(/LIMIT/)
  })

  test('of limit.after read the limits of all partitions in slices, each from the end of the last one', () => {
    const [found] = all.filter(({ method }) => method === 'limit.after')
    expect(found?.statement).toMatch(/LIMIT/)
    expect(found?.plan).toEqual(['SEARCH limits USING PRIMARY KEY ((task,partition)>(?,?))'])
  })

  test('that update a job without a new input keep its input', () => {
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

  test('let one job hold a key in each partition of a task, and let a search find the key that a job held', () => {
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

  test('that update a row that has changed since it was read write nothing', () => {
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

  test('never remove a live job, whatever ids they get', () => {
    const sql = nodeSql()
    migrate(sql, 1)
    const jobs = jobStatements(sql)
    const rig = new Rig({ ...withAlarm(nodeSql()), rowsWritten: () => 0 })
    const rows = jobStates.map((state) => ({ ...newRow(rig.job(), 5), state }))
    jobs.insert(rows)
    expect(jobs.remove(rows.map(({ id }) => id)).sort()).toEqual(
      rows
        .filter(({ state }) => isFinal(state))
        .map(({ id }) => id)
        .sort(),
    )
  })

  test('take over only the row of an ended job that is in no index, and leave nothing of that job in it', () => {
    const sql = nodeSql()
    migrate(sql, 1)
    const jobs = jobStatements(sql)
    const rig = new Rig({ ...withAlarm(nodeSql()), rowsWritten: () => 0 })
    const rows = jobStates.map((state) => ({
      ...newRow(rig.job(), 5),
      state,
      history: '[1]',
      output: '2',
      error: '{}',
    }))
    const [keyed, due] = [
      { ...newRow(rig.job({ key: 'k' }), 5), state: 'completed' as const },
      { ...newRow(rig.job(), 5), state: 'completed' as const, dueAt: 9 },
    ]
    const all = [...rows, keyed, due]
    jobs.insert(all)
    const fresh = all.map(() => newRow(rig.job({ input: '"new"' }), 6))
    const takenOver = all.map(({ id }, index) => jobs.takeOver([{ id, row: fresh[index] as (typeof fresh)[number] }]))
    expect(takenOver).toEqual([...jobStates.map((state) => (isFinal(state) ? 1 : 0)), 0, 0])
    expect(sql.all('SELECT * FROM jobs ORDER BY id')).toHaveLength(all.length)
    const plain = nodeSql()
    migrate(plain, 1)
    jobStatements(plain).insert(fresh.filter((_, index) => takenOver[index] === 1))
    const stored = (from: Sql) =>
      from.all(
        'SELECT * FROM jobs WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id',
        JSON.stringify(fresh.map(({ id }) => id)),
      )
    expect(stored(sql)).toEqual(stored(plain))
  })

  test('return rows in the order of the given ids, and leave out unknown ids', () => {
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
