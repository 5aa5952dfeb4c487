/**
 * Judges whether the account has what a deployment needs, from the answers of `wrangler`. Pure: deploy.ts asks.
 *
 * A `problem` makes the deployment fail, and nothing else is one. A `note` is about what a deployed Worker can do
 * without.
 */

/** The exit code and the output of a command of wrangler. */
export interface Answer {
  readonly code: number
  readonly text: string
}

export interface Answers {
  /** `wrangler whoami --json` */
  readonly whoami: Answer
  /** `wrangler r2 bucket list`. Absent, like the following ones, if nobody is logged in. */
  readonly buckets?: Answer
  /** `wrangler secret list` */
  readonly secrets?: Answer
  /** `wrangler email sending list`. Absent if no sender is set. */
  readonly senders?: Answer
}

export interface Finding {
  readonly kind: 'ok' | 'note' | 'problem'
  readonly title: string
  readonly advice?: string
}

/** What is used here of wrangler's configuration. */
export interface Config {
  readonly name?: string | undefined
  readonly vars?: Record<string, unknown>
  readonly define?: Record<string, string>
}

/** The name and the minimum length of the secret are those in src/admin/auth.ts. */
const ADMIN_SECRET = 'ADMIN_TOKEN'
const SET_SECRET = `\`npx wrangler secret put ${ADMIN_SECRET}\`, with at least 16 characters. \`openssl rand -hex 32\` makes a good one.`

/** @param args the arguments of the deployment */
export function findings(
  { whoami, buckets, secrets, senders }: Answers,
  config: Config,
  args: readonly string[],
): Finding[] {
  return [
    account(whoami),
    ...(buckets ? [bucketStorage(buckets)] : []),
    sender(config, senders),
    ...(secrets ? [adminSecret(secrets)] : []),
    plan(),
    ...localMode(config, args),
  ]
}

function account({ code, text }: Answer): Finding {
  const identity = jsonIn<{ loggedIn: boolean; email?: string; accounts?: { name: string }[] }>(text)
  if (identity?.loggedIn === true) {
    const { email, accounts = [] } = identity
    const names = accounts.map(({ name }) => name).join(', ')
    return ok(`Logged in${email ? ` as ${email}` : ''}${names ? ` (${names})` : ''}`)
  }
  if (identity?.loggedIn === false || code === 0) {
    return problem(
      'Not logged in to Cloudflare',
      'Run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN if there is no browser.',
    )
  }
  return problem('Cloudflare did not say which account you use', errorLine(text))
}

function bucketStorage({ code, text }: Answer): Finding {
  if (code === 0) return ok('R2 is enabled')
  if (/code: (10042|10136)\b|enable R2|not entitled to use r2/i.test(text)) {
    return problem(
      'R2, which stores the images, is not enabled in this account',
      'Enable it once in the Cloudflare dashboard: Storage & databases > R2 > Overview. It asks for a payment method, but\n' +
        'the free allowance is more than enough here. If it is still refused afterwards (errors 10042, 10136), wait a few\n' +
        'minutes, or cancel and renew the R2 subscription under Billing.',
    )
  }
  return notChecked('R2', text)
}

function sender({ vars = {} }: Config, senders: Answer | undefined): Finding {
  const from = String(vars['MAIL_FROM'] ?? '').trim()
  if (from === '') {
    return note(
      'No sender (MAIL_FROM): welcome e-mails are logged, but not sent',
      'To send them, onboard a domain with `npx wrangler email sending enable <domain>` and set MAIL_FROM in wrangler.toml.',
    )
  }
  const domain = from.replace(/^.*@|[>\s]+$/g, '').toLowerCase()
  if (senders === undefined) return note(`E-mail is sent from ${from}`)
  if (senders.code !== 0) return notChecked('the e-mail sender', senders.text)
  if (enabledSenders(senders.text).includes(domain)) return ok(`E-mail is sent from ${from}`)
  return note(
    `E-mail from ${from} may be refused: ${domain} is not one of the account's enabled senders`,
    `Onboard it with \`npx wrangler email sending enable ${domain}\`.`,
  )
}

/** @param table a table in box-drawing characters, in which the row of an enabled sender has a cell `yes` */
function enabledSenders(table: string): string[] {
  const rows = table.split('\n').map((row) => row.split(/[│|]/).map((cell) => cell.trim().toLowerCase()))
  return rows.filter((row) => row.includes('yes')).flat()
}

function adminSecret({ code, text }: Answer): Finding {
  const names = code === 0 ? (jsonIn<{ name: string }[]>(text) ?? []).map(({ name }) => name) : []
  if (names.includes(ADMIN_SECRET)) return ok(`${ADMIN_SECRET} is set`)
  if (code === 0) return note(`${ADMIN_SECRET} is not set: the admin routes stay closed`, `Set it: ${SET_SECRET}`)
  if (/not found|does not exist|code: (10007|10090)\b/i.test(text)) {
    return note(
      `${ADMIN_SECRET} is not set, because the Worker does not exist yet: the admin routes stay closed`,
      `Set it after this deployment: ${SET_SECRET}`,
    )
  }
  return notChecked(ADMIN_SECRET, text)
}

function plan(): Finding {
  return note(
    'Images, and e-mail to any address, need Workers Paid. This check cannot see the plan',
    'Drawing an image takes more CPU than the 10 ms of the Free plan. See dashboard > Workers & Pages > Plans.',
  )
}

/** A problem if anything but `npm run dev` defines the constant that opens the admin routes. */
export function localMode({ define = {}, vars = {} }: Config, args: readonly string[]): Finding[] {
  const isNamed = [...Object.keys(define), ...Object.keys(vars), ...args].some((text) => text.includes('CHARD_LOCAL'))
  if (!isNamed) return []
  return [
    problem('CHARD_LOCAL would open the admin routes to everybody', 'Remove it: only `npm run dev` may define it.'),
  ]
}

const ok = (title: string): Finding => ({ kind: 'ok', title })
const note = (title: string, advice?: string): Finding => ({ kind: 'note', title, ...(advice && { advice }) })
const problem = (title: string, advice: string): Finding => ({ kind: 'problem', title, advice })

function notChecked(what: string, text: string): Finding {
  if (text.includes('More than one account')) {
    return note(`Not checked: ${what}`, 'You have several accounts. Choose one: `export CLOUDFLARE_ACCOUNT_ID=<id>`')
  }
  return note(`Not checked: ${what}`, errorLine(text))
}

/** The JSON in an answer, which may begin with a warning. Its shape is not checked. */
function jsonIn<Shape>(text: string): Shape | undefined {
  try {
    return JSON.parse(text.slice(Math.max(0, text.search(/^[[{]/m))))
  } catch {
    return undefined
  }
}

/** The line that names the error, or else the first line that is not empty. */
function errorLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim())
  return lines.find((line) => /ERROR|code: \d+/.test(line)) ?? lines.find((line) => line !== '') ?? 'No answer.'
}
