import { describe, expect, test } from 'vitest'
import { checkJson, checkQuery } from '../../../src/app/users/sign-up-request.ts'

const ann = { address: 'ann@example.com', key: 'ann@example.com' }

describe('checkJson', () => {
  test.each<[body: unknown, userId: number | undefined]>([
    [{ userId: 123, email: 'ann@example.com' }, 123],
    [{ email: 'ann@example.com' }, undefined],
  ])('accepts %j', (body, userId) => {
    expect(checkJson(body)).toEqual({ request: { userId, email: ann } })
  })

  const email = 'ann@example.com'
  test.each<[body: unknown, path: string, says: RegExp]>([
    [{}, 'email', /^is missing$/],
    [{ email: 1 }, 'email', /string/],
    [{ email: null }, 'email', /string/],
    [{ email: 'nobody' }, 'email', /no @/],
    [{ email, userId: '123' }, 'userId', /whole number from 1 to 9007199254740991/],
    [{ email, userId: null }, 'userId', /whole number/],
    [{ email, userId: 0 }, 'userId', /whole number/],
    [{ email, userId: -1 }, 'userId', /whole number/],
    [{ email, userId: 1.5 }, 'userId', /whole number/],
    [{ email, userId: 2 ** 53 }, 'userId', /whole number/],
    [{ email, userId: true }, 'userId', /whole number/],
    [{ email, userid: 1 }, '', /not known: "userid".*userId and email/],
    [{ email, user_id: 1 }, '', /not known: "user_id"/],
    [JSON.parse('{ "email": "ann@example.com", "__proto__": { "userId": 1 } }'), '', /not known: "__proto__"/],
    [{ email, ['x'.repeat(1_000)]: 1 }, '', /^.{0,120}$/],
    [[], '', /object/],
    [null, '', /object/],
    ['ann@example.com', '', /object/],
    [7, '', /object/],
  ])('refuses %j at %j, saying %s', (body, path, says) => {
    expect(checkJson(body)).toEqual({ issues: [{ path, message: expect.stringMatching(says) }] })
  })

  test('reports every finding at once', () => {
    expect(checkJson({ userId: 0, email: '' })).toMatchObject({ issues: [{ path: 'userId' }, { path: 'email' }] })
  })
})

describe('checkQuery', () => {
  test.each<[query: string, userId: number | undefined]>([
    ['user_id=123&email=ann@example.com', 123],
    ['email=ann%40example.com', undefined],
  ])('accepts %s', (query, userId) => {
    expect(checkQuery(new URLSearchParams(query))).toEqual({ request: { userId, email: ann } })
  })

  const email = 'email=ann@example.com'
  test.each<[query: string, path: string, says: RegExp]>([
    ['', 'email', /^is missing$/],
    ['user_id=1', 'email', /^is missing$/],
    ['email=', 'email', /empty/],
    ['email=a+b@example.com', 'email', /%2B/],
    [`user_id=&${email}`, 'user_id', /plain digits/],
    [`user_id=0&${email}`, 'user_id', /plain digits/],
    [`user_id=1e3&${email}`, 'user_id', /plain digits/],
    [`user_id=9007199254740993&${email}`, 'user_id', /9007199254740991/],
    [`user_id=1&user_id=2&${email}`, 'user_id', /more than once/],
    [`${email}&${email}`, 'email', /more than once/],
    [`userId=1&${email}`, '', /not known: "userId".*user_id and email/],
    [`__proto__=1&${email}`, '', /not known/],
    [`email=%FF%FE@example.com`, 'email', /ASCII/],
  ])('refuses %s at %j, saying %s', (query, path, says) => {
    expect(checkQuery(new URLSearchParams(query))).toEqual({ issues: [{ path, message: expect.stringMatching(says) }] })
  })
})
