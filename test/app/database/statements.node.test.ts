import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { statements } from '../../../src/app/database/statements.ts'

describe('statements', () => {
  const trigger = `CREATE TRIGGER t AFTER INSERT ON a BEGIN
    UPDATE a SET x = CASE WHEN x > 0 THEN 1 ELSE 2 END; DELETE FROM b;
  END`

  test.each<[sql: string, found: string[], because: string]>([
    ['', [], 'nothing is no statement'],
    [' ;; ; ', [], 'semicolons alone are none either'],
    ['SELECT 1', ['SELECT 1'], 'the last needs no semicolon'],
    ['SELECT 1;\nSELECT 2;', ['SELECT 1', 'SELECT 2'], 'they come in order, without semicolons'],
    ["SELECT ';';", ["SELECT ';'"], 'a string may hold a semicolon'],
    ["SELECT 'it''s; fine'; SELECT 2", ["SELECT 'it''s; fine'", 'SELECT 2'], 'a doubled quote does not end a string'],
    ['SELECT "a;b", `c;d`, [e;f]; SELECT 2', ['SELECT "a;b", `c;d`, [e;f]', 'SELECT 2'], 'so may a quoted name'],
    ['SELECT 1 -- one; two\n+ 1; SELECT 2', ['SELECT 1  \n+ 1', 'SELECT 2'], 'a comment ends with its line'],
    ["SELECT 1 /* one; 'two */ + 1", ['SELECT 1   + 1'], 'or with its mark, and quotes in it count for nothing'],
    ["SELECT '--', '/*'; SELECT 2", ["SELECT '--', '/*'", 'SELECT 2'], 'a comment cannot start in a string'],
    ['-- only a comment;\n', [], 'a comment is no statement'],
    ['SELECT 1 /* never closed; ', ['SELECT 1'], 'as in SQLite, the end closes a comment'],
    [`${trigger}; SELECT 2;`, [trigger, 'SELECT 2'], 'a trigger ends at its own END, not at the END of a CASE'],
    [`${trigger.replace('CREATE', 'create temp')};`, [trigger.replace('CREATE', 'create temp')], 'in any spelling'],
    ['SELECT 1 AS "END"; SELECT 2', ['SELECT 1 AS "END"', 'SELECT 2'], 'END means nothing outside a trigger'],
  ])('%j gives %j, because %s', (sql, found) => {
    expect(statements(sql)).toEqual(found)
  })

  test('cut and run one by one, every migration makes the schema that it makes as one text', () => {
    const directory = resolve(import.meta.dirname, '../../../migrations')
    const [whole, cut] = [new DatabaseSync(':memory:'), new DatabaseSync(':memory:')]
    for (const name of readdirSync(directory).sort()) {
      const sql = readFileSync(resolve(directory, name), 'utf8')
      whole.exec(sql)
      for (const statement of statements(sql)) cut.prepare(statement).run()
    }
    const names = 'SELECT type, name, tbl_name FROM sqlite_schema ORDER BY name'
    expect(cut.prepare(names).all()).toEqual(whole.prepare(names).all())
    expect(cut.prepare(names).all()).toContainEqual(expect.objectContaining({ type: 'table', name: 'users' }))
  })
})
