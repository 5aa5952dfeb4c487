/** The welcome e-mail, as text and as HTML. Pure: it sends nothing. What people have written is escaped in both. */
import { escapeHtml, escapeText } from './escape.ts'
import type { Letter } from './letter.ts'

export function welcomeLetter({ id, email }: { readonly id: number; readonly email: string }): Letter {
  const subject = 'Welcome to Chard'
  const text = `Welcome!

Your account is ready: number ${id}, for ${escapeText(email)}.
Your profile image is being drawn and will be there in a moment.

If you did not sign up, you need not do anything.
`
  const html = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>${subject}</title></head>
  <body style="margin: 0; padding: 32px 16px; background: #f4f6f1; color: #1d2b1f; font: 16px/1.5 system-ui, sans-serif">
    <div style="max-width: 480px; margin: auto; padding: 32px; background: #ffffff; border-radius: 12px">
      <h1 style="margin: 0 0 16px; font-size: 24px">Welcome!</h1>
      <p>Your account is ready: number <strong>${id}</strong>, for <strong>${escapeHtml(escapeText(email))}</strong>.</p>
      <p>Your profile image is being drawn and will be there in a moment.</p>
      <p style="margin: 32px 0 0; color: #5c6b5e; font-size: 14px">If you did not sign up, you need not do anything.</p>
    </div>
  </body>
</html>
`
  return { subject, text, html }
}
