import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { emailAddress } from '../../../src/app/users/email-address.ts'

describe('emailAddress', () => {
  test.each<[text: string, address: string, key: string, because: string]>([
    ['test@example.com', 'test@example.com', 'test@example.com', 'it is an ordinary one'],
    ['Ann.Lee+news@Example.COM', 'Ann.Lee+news@example.com', 'ann.lee+news@example.com', 'case makes no difference'],
    ["o'hara&co@example.ie", "o'hara&co@example.ie", "o'hara&co@example.ie", 'such marks are allowed'],
    ['ann@münchen.de', 'ann@xn--mnchen-3ya.de', 'ann@xn--mnchen-3ya.de', 'its domain has an ASCII form'],
    ['ann@例え.テスト', 'ann@xn--r8jz45g.xn--zckzah', 'ann@xn--r8jz45g.xn--zckzah', 'so has this one'],
    ['ann@xn--mnchen-3ya.de', 'ann@xn--mnchen-3ya.de', 'ann@xn--mnchen-3ya.de', 'that form is taken too'],
    [`${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`, 'it just fits'],
  ])('%s is %s, the same as %s, because %s', (text, address, key) => {
    expect(emailAddress(text)).toEqual({ address, key })
  })

  test.each<[text: string, says: RegExp, because: string]>([
    ['', /is empty/, 'there is nothing'],
    ['test', /no @/, 'an address has two parts'],
    ['@example.com', /nothing before the @/, 'the first is missing'],
    ['test@', /no valid domain/, 'the second is missing'],
    ['a@b@example.com', /more than one @/, 'it has three parts'],
    ['a b@example.com', /%2B/, 'a + in a query arrives as a space'],
    ['test@example.com\n', /space/, 'a line break could end a header'],
    ['test\u0000@example.com', /control/, 'a NUL ends strings elsewhere'],
    ['te\u200Bst@example.com', /invisible/, 'nobody sees what differs'],
    ['te\u202Est@example.com', /invisible/, 'it would be shown backwards'],
    ['josé@example.com', /outside ASCII before the @/, 'not every mail server takes it'],
    ['用户@例え.jp', /outside ASCII before the @/, 'the same'],
    ['"a b"@example.com', /space/, 'quoted parts are not taken'],
    ['"ab"@example.com', /something else/, 'not even harmless ones'],
    ['.a@example.com', /single dots/, 'a dot stands between'],
    ['a..b@example.com', /single dots/, 'one at a time'],
    ['<a>@example.com', /something else/, 'it would be markup'],
    ['a@localhost', /domain/, 'a domain has a dot'],
    ['a@[127.0.0.1]', /domain/, 'an IP address is none'],
    ['a@127.0.0.1', /domain/, 'an IP address is none'],
    ['a@0x7f.1', /domain/, 'it is one in disguise'],
    ['a@example.com/path', /domain/, 'it is a URL'],
    ['a@example.com:25', /domain/, 'it has a port'],
    ['a@exam%70le.com', /domain/, 'a URL would decode it'],
    ['a@-example.com', /domain/, 'a label starts with a letter or digit'],
    ['a@example-.com', /domain/, 'and ends with one'],
    ['a@example..com', /domain/, 'a label is not empty'],
    ['a@example.com.', /domain/, 'nor is the last'],
    ['a@exa_mple.com', /domain/, 'no mail domain has an underscore'],
    [`a@${'b'.repeat(64)}.com`, /domain/, 'a label has at most 63 characters'],
    [`${'a'.repeat(65)}@example.com`, /64 characters before/, 'it is too long before the @'],
    [`a@${'b.'.repeat(130)}com`, /254/, 'it is too long'],
    [`a@${'ü.'.repeat(50)}com`, /254.*ASCII/, 'it is too long once written in ASCII'],
    [`${'a'.repeat(1_000_000)}@example.com`, /254/, 'it is absurd'],
  ])('%j is refused with %s, because %s', (text, says) => {
    expect(emailAddress(text)).toMatch(says)
  })

  test('any text is either refused in words or becomes plain ASCII of bounded length, with a key in lower case', () => {
    const part = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a', 'B', '.', '@', 'ü', 'example', '\r\n'))
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const email = emailAddress(parts.join(''))
        if (typeof email === 'string') return email.length > 0
        return /^[!-~]{3,254}$/.test(email.address) && email.key === email.address.toLowerCase()
      }),
    )
  })
})
