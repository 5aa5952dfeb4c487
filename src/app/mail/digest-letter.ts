/** The daily digest for the operator, as text and as HTML. Pure: it sends nothing, and it names nobody. */
import type { Letter } from './letter.ts'

/** A day's new users. Times in epoch milliseconds. */
export interface Digest {
  readonly from: number
  readonly to: number
  readonly users: number
  /** How many of these were welcomed, and how many got a job for their picture. */
  readonly welcomed: number
  readonly drawn: number
}

export function digestLetter({ from, to, users, welcomed, drawn }: Digest): Letter {
  const subject = users === 1 ? '1 new user' : `${users} new users`
  const span = `${moment(from)} to ${moment(to)}`
  const lines = [
    ['New users', users],
    ['Welcomed by e-mail', welcomed],
    ['Handed a picture', drawn],
  ] as const
  const text = `${subject}, ${span}

${lines.map(([name, count]) => `${name}: ${count}`).join('\n')}
`
  const rows = lines.map(([name, count]) => `<tr><td>${name}</td><td style="text-align: right">${count}</td></tr>`)
  const html = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>${subject}</title></head>
  <body style="margin: 0; padding: 32px 16px; color: #1d2b1f; font: 16px/1.5 system-ui, sans-serif">
    <h1 style="margin: 0 0 4px; font-size: 22px">${subject}</h1>
    <p style="margin: 0 0 16px; color: #5c6b5e">${span}</p>
    <table cellpadding="6">${rows.join('')}</table>
  </body>
</html>
`
  return { subject, text, html }
}

function moment(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
