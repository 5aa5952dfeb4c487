import { describe, expect, test } from 'vitest'
import { escapeHtml, escapeText } from '../../../src/app/mail/escape.ts'
import { welcomeLetter } from '../../../src/app/mail/welcome-letter.ts'

describe('escape', () => {
  test.each([
    ['<script>alert("1")</script>', '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;'],
    ["o'hara&co", 'o&#39;hara&amp;co'],
    ['&lt;', '&amp;lt;'],
    ['plain', 'plain'],
  ])('%j is %j in HTML', (text, html) => expect(escapeHtml(text)).toBe(html))

  test.each([
    ['a\r\nBcc: everybody@example.com', 'a Bcc: everybody@example.com'],
    ['a\u2028b\u202Ec', 'a b c'],
    ['a\u0000b', 'a b'],
    ["o'hara <&>", "o'hara <&>"],
  ])('%j is %j in text', (text, plain) => expect(escapeText(text)).toBe(plain))
})

describe('welcomeLetter', () => {
  test('names the user by number and address, in text and in HTML', () => {
    const { subject, text, html } = welcomeLetter({ id: 123, email: 'ann@example.com' })
    expect(subject).toBe('Welcome to Chard')
    for (const body of [text, html]) {
      expect(body).toContain('123')
      expect(body).toContain('ann@example.com')
    }
  })

  test('whatever stands in the address, no markup of it reaches the HTML and no line break the text', () => {
    const { text, html } = welcomeLetter({ id: 1, email: `"><img src=x onerror='alert(1)'>&\r\nX: y@example.com` })
    expect(html).not.toContain('<img')
    expect(html).toContain('&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&amp; X: y@example.com')
    expect(text).not.toMatch(/^X:/m)
  })

  test('loads nothing from anywhere', () => {
    expect(welcomeLetter({ id: 1, email: 'ann@example.com' }).html).not.toMatch(/https?:|src=|<script|<link/)
  })
})
