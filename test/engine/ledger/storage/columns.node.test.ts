import { expect, test } from 'vitest'
import { newRow, shaped } from '../../../../src/engine/ledger/domain/row.ts'
import { changingNames, columnNames, sqlName } from '../../../../src/engine/ledger/storage/columns.ts'
import { migrate } from '../../../../src/engine/ledger/storage/schema.ts'
import { nodeSql } from '../../../../src/testing/node-database.ts'

const fresh = newRow({ id: '0-1', task: 'send', input: '{}', maxAttempts: 1 }, 5)

test('the table of jobs has the columns that the code declares, and the input', () => {
  const sql = nodeSql()
  migrate(sql, 5)
  const stored = sql.all<{ name: string }>("SELECT name FROM pragma_table_info('jobs')").map(({ name }) => name)
  expect([...columnNames.map(sqlName), 'input'].sort()).toEqual(stored.sort())
})

test('a new row has a value for every column', () => {
  expect(Object.keys(fresh).sort()).toEqual([...columnNames, 'input'].sort())
})

test('a shaped row has every column of the row that it copies, and no other', () => {
  const { input: _, ...row } = fresh
  const filled = Object.fromEntries(Object.keys(row).map((name, index) => [name, index])) as unknown as typeof row
  expect(shaped(filled)).toEqual(filled)
})

test('the columns that a step may change fit into the bits of one number', () => {
  expect(changingNames.length).toBeLessThan(31)
})
