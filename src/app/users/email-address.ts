/**
 * Which e-mail addresses are accepted, and when two are the same. Pure.
 *
 * - The part before the `@` is a dot-atom of ASCII (RFC 5321). Quoted parts are legal and in practice always mistakes;
 *   an internationalised part needs SMTPUTF8 all the way to the mailbox, which nobody here can promise.
 * - The domain may be internationalised: it is kept in its ASCII form (`xn--…`), which every mail server takes. A domain
 *   needs a dot, so neither `localhost` nor an IP address is one.
 * - Two addresses are the same when they differ only in case. The standard lets a server tell `Ann@` from `ann@`;
 *   no provider of note does, and people type both.
 */

/** RFC 5321, 4.5.3.1: of the part before the `@`, of a whole address, and of one label of a domain. */
const localCharsMax = 64
const addressCharsMax = 254
const labelChars = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const dotAtom = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/

export interface EmailAddress {
  /** As given, with its domain in ASCII and lower case. Mail goes there. */
  readonly address: string
  /** Equal for two addresses exactly when they are the same. */
  readonly key: string
}

/** The address, or a sentence that says what to change. */
export function emailAddress(text: string): EmailAddress | string {
  if (text === '') return 'is empty; it takes an address such as ann@example.com'
  // Measured first, so that nothing below works on megabytes.
  if (text.length > addressCharsMax) return `is longer than ${addressCharsMax} characters`
  if (/\s/.test(text)) return 'contains a space; in a query, write + as %2B'
  if (/\p{C}/u.test(text)) return 'contains a control or invisible character'
  const at = text.lastIndexOf('@')
  if (at < 0) return 'has no @; it takes an address such as ann@example.com'

  const local = text.slice(0, at)
  if (local === '') return 'has nothing before the @'
  if (local.length > localCharsMax) return `has more than ${localCharsMax} characters before the @`
  if (/\P{ASCII}/u.test(local)) return 'has letters outside ASCII before the @, where mail cannot be sent to'
  if (local.includes('@')) return 'has more than one @'
  if (!dotAtom.test(local)) {
    return "has something else than letters, digits and !#$%&'*+/=?^_`{|}~- with single dots between them before the @"
  }

  const domain = asciiDomain(text.slice(at + 1))
  if (!domain) return 'has no valid domain after the @; it takes one such as example.com'
  const address = `${local}@${domain}`
  if (address.length > addressCharsMax) return `is longer than ${addressCharsMax} characters in ASCII`
  return { address, key: address.toLowerCase() }
}

/** The domain in ASCII and lower case, as the URL standard maps it (UTS 46). */
function asciiDomain(text: string): string | undefined {
  // In a URL these are syntax, so the rest would be mapped to another domain than was written.
  if (/[\p{ASCII}--[A-Za-z0-9.\-]]/v.test(text)) return undefined
  const domain = URL.parse(`https://${text}`)?.hostname
  const labels = domain?.split('.') ?? []
  // A numeric last label makes an IP address: a URL reads 0x7f.1 as one, and a mail server might too.
  if (labels.length < 2 || /^\d/.test(labels.at(-1) ?? '')) return undefined
  return labels.every((label) => labelChars.test(label)) ? domain : undefined
}
