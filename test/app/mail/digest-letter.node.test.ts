import { describe, expect, test } from 'vitest'
import { digestLetter } from '../../../src/app/mail/digest-letter.ts'

const digest = { from: Date.UTC(2026, 10, 23, 8), to: Date.UTC(2026, 10, 24, 8), users: 12, welcomed: 11, drawn: 10 }

describe('digestLetter', () => {
  test('tells the day and its sums, in text and in HTML', () => {
    const { subject, text, html } = digestLetter(digest)
    expect(subject).toBe('12 new users')
    for (const body of [text, html])
      for (const part of ['2026-11-23 08:00 UTC to 2026-11-24 08:00 UTC', '12', '11', '10'])
        expect(body).toContain(part)
  })

  test.each([
    [0, '0 new users'],
    [1, '1 new user'],
  ])('of %d says %j', (users, subject) => expect(digestLetter({ ...digest, users }).subject).toBe(subject))
})
