import { describe, expect, test } from 'vitest'
import { newJobId } from '../../../../src/engine/ledger/domain/job-id.ts'
import { isRefusal } from '../../../../src/engine/ledger/protocol/protocol.ts'
import { migrate } from '../../../../src/engine/ledger/storage/schema.ts'
import type { NodeSql } from '../node-sql.ts'
import { completed, failed, homes, hourMs, minuteMs, Rig, seeded, shard, startOfTests, withAlarm } from '../rig.ts'
import { migratedTo, type Row1, row1, statements1 } from './version-1.ts'

const now = startOfTests
const random = seeded(7)
const id = (agoMs: number) => newJobId(shard, now - agoMs, random)

const ended = { attempt: 1, started_at: now - 9_000, finished_at: now - 8_000, lease: 'old.1.x' }
const history = JSON.stringify([{ attempt: 1, startedAt: 1, endedAt: 2, outcome: 'completed' }])

/** A job in every state, as version 1 leaves it. The first two are below its mark. */
const rows = {
  pruned: row1(id(90_000), now - 90_000, { ...ended, state: 'completed', output: '"done"', history }),
  later: row1(id(80_000), now - 80_000, { state: 'scheduled', due_at: now + hourMs }),
  done: row1(id(70_000), now - 70_000, { ...ended, state: 'completed', output: '"done"', history, key: 'done' }),
  lost: row1(id(60_000), now - 60_000, {
    ...ended,
    state: 'failed',
    reason: 'exhausted',
    error: '{"name":"E","message":"no"}',
  }),
  stopped: row1(id(50_000), now - 50_000, { state: 'cancelled', finished_at: now - 8_000 }),
  runs: row1(id(40_000), now - 40_000, {
    state: 'running',
    attempt: 1,
    started_at: now - 1_000,
    lease: 'r0.1.x',
    lease_until: now + 29_000,
  }),
  retries: row1(id(30_000), now - 30_000, { state: 'retrying', attempt: 1, due_at: now - 1, started_at: now - 20_000 }),
  keyed: row1(id(20_000), now - 20_000, { key: 'k', tags: '["a"]' }),
  plain: row1(id(10_000), now - 10_000, { priority: 5 }),
} satisfies Record<string, Row1>

/** A database that version 1 has worked with. */
function workedWith(): NodeSql {
  const sql = migratedTo(1)
  const write = statements1(sql)
  expect(write.insertMany(Object.values(rows))).toBe(Object.values(rows).length)
  const below = { scheduled: 1, queued: 0, running: 0, retrying: 0, completed: 1, failed: 0, cancelled: 0 }
  const facts = { homes, upkeep: { mark: rows.done.id, swept: '', below } }
  for (const [name, value] of Object.entries(facts))
    sql.all('INSERT INTO facts (name, value) VALUES (?, ?)', name, JSON.stringify(value))
  return sql
}

/** This code over it. */
function opened(sql = workedWith()): Rig {
  const store = withAlarm(sql)
  store.setAlarm(now)
  return new Rig({ ...store, rowsWritten: sql.rowsWritten })
}

describe('a database of version 1', () => {
  test('keeps every job as it was, in no partition, and every promise', () => {
    const rig = opened()
    expect(rig.broken()).toEqual([])
    const read = statements1(rig.sql)
    for (const row of Object.values(rows)) expect({ ...read.byId(row.id as string) }).toEqual(row)
    const fresh = { partition: '', notBefore: null, expiresAt: null, formerKey: null, calls: null, keyStartedAt: null }
    for (const row of rig.rows())
      expect(row).toMatchObject({ ...fresh, after: null, successor: null, schedule: null, slot: null })
    expect(rig.record(rows.keyed.id as string)).toMatchObject({ idempotencyKey: 'k', tags: ['a'], input: { n: 1 } })
    expect(rig.record(rows.done.id as string)).toMatchObject({ output: 'done', history: [{ outcome: 'completed' }] })
  })

  test('has its waiting jobs worked off, and the attempt that ran meanwhile settled by its lease', () => {
    const rig = opened()
    const { claimed } = rig.sync({ want: 9 })
    expect(claimed.map((job) => job.id)).toEqual([rows.plain.id, rows.keyed.id, rows.retries.id])
    for (const job of claimed) rig.settle(job, completed)
    rig.settle({ id: rows.runs.id as string, lease: 'r0.1.x' }, failed)
    expect(rig.state(rows.runs.id as string)).toBe('retrying')
    rig.pass(hourMs)
    rig.ring()
    expect(
      rig
        .sync({ runner: 'r2', want: 9 })
        .claimed.map((job) => job.id)
        .sort(),
    ).toEqual([rows.later.id, rows.runs.id].sort())
    expect(rig.broken()).toEqual([])
  })

  test('has its history counted by task once: the first transaction stores the counts', () => {
    const sql = workedWith()
    const counted: string[] = []
    const watched: NodeSql = {
      ...sql,
      all: (statement, ...bindings) => {
        if (statement.includes('COUNT(*)')) counted.push(statement)
        return sql.all(statement, ...bindings)
      },
    }
    const rig = opened(watched)
    expect(counted).toHaveLength(1)
    rig.enqueue()
    rig.restart()
    rig.restart()
    expect(counted).toHaveLength(1)
    expect(rig.core.books.counts.byTask()).toMatchObject({ send: { completed: 2, scheduled: 1, queued: 3 } })
    expect(rig.broken()).toEqual([])
  })

  test('has the lapse of an attempt that nobody settles', () => {
    const rig = opened()
    rig.pass(minuteMs)
    rig.ring()
    expect(rig.record(rows.runs.id as string).history).toMatchObject([{ outcome: 'lapsed' }])
    expect(rig.broken()).toEqual([])
  })

  test('knows its keys, its finished jobs can be redriven, its waiting ones cancelled and amended', () => {
    const rig = opened()
    for (const name of ['keyed', 'done'] as const)
      expect(rig.enqueueAll([rig.job({ key: rows[name].key as string })])).toMatchObject([
        { id: rows[name].id, duplicate: true },
      ])
    for (const name of ['done', 'lost', 'stopped'] as const)
      expect(isRefusal(rig.core.redrive({ id: rows[name].id as string }, rig.now))).toBe(false)
    expect(rig.core.cancel(rows.later.id as string, rig.now)).toMatchObject({ state: 'cancelled' })
    expect(rig.core.amend({ id: rows.plain.id as string, priority: -5 }, rig.now)).toMatchObject({ priority: -5 })
    expect(rig.broken()).toEqual([])
    rig.restart()
    expect(rig.sync({ want: 9 }).claimed).toHaveLength(6)
    expect(rig.broken()).toEqual([])
  })

  test('is pruned when its time has come', () => {
    const rig = opened()
    for (const job of rig.sync({ want: 9 }).claimed) rig.settle(job, completed)
    rig.settle({ id: rows.runs.id as string, lease: 'r0.1.x' }, completed)
    rig.core.cancel(rows.later.id as string, rig.now)
    rig.pass(9 * 24 * hourMs)
    for (let n = 0; n < 5; n++) {
      rig.pass(hourMs)
      rig.ring()
    }
    expect(rig.rows()).toEqual([])
    expect(rig.broken()).toEqual([])
  })
})

describe('code of version 1, after a rollback', () => {
  test('reads, records and changes jobs of the new schema', () => {
    const sql = workedWith()
    migrate(sql, now)
    const code = statements1(sql)
    const [a, b] = [row1(id(5), now, { key: 'a' }), row1(id(4), now)]
    expect([code.insert(a), code.insertMany([a, b]), code.byKey('a', 'send')?.id]).toEqual([1, 1, a.id])
    const claimed = { state: 'running', attempt: 1, lease: 'v1.1.x', lease_until: now + 30_000, started_at: now }
    expect(code.update(a, { ...a, ...claimed })).toBe(1)
    expect(code.updateMany([{ before: b, after: { ...b, ...claimed } }])).toBe(1)
    expect(code.update(a, { ...a, state: 'cancelled' })).toBe(0)
    expect(() => code.reads()).not.toThrow()
    const rig = opened(sql)
    expect(rig.broken()).toEqual([])
    expect(rig.core.books.running.get(a.id as string)).toMatchObject({ partition: '', lease: 'v1.1.x' })
  })

  test('finds a key by the index that took the place of its own', () => {
    const sql = workedWith()
    migrate(sql, now)
    const [plan] = sql.all<{ detail: string }>(
      'EXPLAIN QUERY PLAN SELECT id FROM jobs WHERE key = ? AND task = ?',
      'k',
      'send',
    )
    expect(plan?.detail).toContain('INDEX jobs_unique (key=? AND task=?)')
  })

  test('leaves what it does not know of a job as it is', () => {
    const rig = opened()
    const made = rig.enqueue({ partition: 'p', key: 'p', expiresInMs: hourMs, schedule: { name: 'daily', slot: 5 } })
    const code = statements1(rig.sql)
    const before = code.byId(made) as Row1
    expect(code.update(before, { ...before, state: 'cancelled', finished_at: rig.now })).toBe(1)
    rig.restart()
    expect(rig.row(made)).toMatchObject({ state: 'cancelled', partition: 'p', expiresAt: rig.now + hourMs, slot: 5 })
    expect(rig.broken()).toEqual([])
  })
})
