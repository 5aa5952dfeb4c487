/**
 * What a deploy needs of the account, read from what `wrangler` answered. Pure: the asking is in deploy.mjs.
 *
 * `problem` is what would make the deploy fail, and nothing else. What a deployed Worker can live without is a `note`.
 *
 * @typedef {{ code: number, text: string }} Answer
 * @typedef {{ kind: 'ok' | 'note' | 'problem', title: string, advice?: string }} Finding
 * @typedef {{ name?: string | undefined, vars?: Record<string, unknown>, define?: Record<string, string> }} Config
 */

/** The secret's name and least length are the Worker's: see src/admin/auth.ts. */
const ADMIN_SECRET = 'ADMIN_TOKEN'
const SET_SECRET = `\`npx wrangler secret put ${ADMIN_SECRET}\`, 16 characters or more; \`openssl rand -hex 32\` makes a good one.`

/**
 * @param {object} answers
 * @param {Answer} answers.whoami   `wrangler whoami --json`
 * @param {Answer} [answers.buckets] `wrangler r2 bucket list`; absent when nobody is logged in, as are the others
 * @param {Answer} [answers.secrets] `wrangler secret list`
 * @param {Answer} [answers.senders] `wrangler email sending list`; absent when no sender is set
 * @param {Config} config
 * @param {string[]} args what the deploy is called with
 * @returns {Finding[]}
 */
export function findings({ whoami, buckets, secrets, senders }, config, args) {
  return [
    account(whoami),
    ...(buckets ? [bucketStorage(buckets)] : []),
    sender(config, senders),
    ...(secrets ? [adminSecret(secrets)] : []),
    plan(),
    ...localDoor(config, args),
  ]
}

/**
 * @param {Answer} whoami
 * @returns {Finding}
 */
function account({ code, text }) {
  const { loggedIn, email, accounts = [] } = jsonIn(text) ?? {}
  if (loggedIn === true) {
    const names = accounts.map((/** @type {{ name: string }} */ { name }) => name).join(', ')
    return ok(`Logged in${email ? ` as ${email}` : ''}${names ? ` (${names})` : ''}`)
  }
  if (loggedIn === false || code === 0) {
    return problem(
      'Not logged in to Cloudflare',
      'Run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN where no browser is at hand.',
    )
  }
  return problem('Cloudflare could not be asked who you are', lastLine(text))
}

/**
 * @param {Answer} buckets
 * @returns {Finding}
 */
function bucketStorage({ code, text }) {
  if (code === 0) return ok('R2 is switched on')
  if (/code: (10042|10136)\b|enable R2|not entitled to use r2/i.test(text)) {
    return problem(
      'R2, where the images are kept, is not switched on in this account',
      'Only a person can do it, once: Cloudflare dashboard > Storage & databases > R2 > Overview. It asks for a payment\n' +
        'method; the free allowance is ample here. Still refused afterwards (errors 10042, 10136)? Wait some minutes, or\n' +
        'cancel and renew the R2 subscription under Billing.',
    )
  }
  return notAsked('R2', text)
}

/**
 * @param {Config} config
 * @param {Answer | undefined} senders
 * @returns {Finding}
 */
function sender({ vars = {} }, senders) {
  const from = String(vars['MAIL_FROM'] ?? '').trim()
  if (from === '') {
    return note(
      'No sender (MAIL_FROM): welcome e-mails are written to the log',
      'To send them, onboard a domain with `npx wrangler email sending enable <domain>` and set MAIL_FROM in wrangler.toml.',
    )
  }
  const domain = from.replace(/^.*@|[>\s]+$/g, '').toLowerCase()
  if (senders === undefined) return note(`E-mail is sent from ${from}`)
  if (senders.code !== 0) return notAsked('the e-mail sender', senders.text)
  if (enabledSenders(senders.text).includes(domain)) return ok(`E-mail is sent from ${from}`)
  return note(
    `E-mail from ${from} may be refused: ${domain} is not among the account's enabled senders`,
    `Onboard it with \`npx wrangler email sending enable ${domain}\`.`,
  )
}

/** @param {string} table rows of a drawn table, where an enabled sender's row says yes */
function enabledSenders(table) {
  const cells = table.split('\n').map((row) => row.split(/[│|]/).map((cell) => cell.trim().toLowerCase()))
  return cells.filter((row) => row.includes('yes')).flat()
}

/**
 * @param {Answer} secrets
 * @returns {Finding}
 */
function adminSecret({ code, text }) {
  const names = code === 0 ? (jsonIn(text) ?? []).map((/** @type {{ name: string }} */ { name }) => name) : []
  if (names.includes(ADMIN_SECRET)) return ok(`${ADMIN_SECRET} is set`)
  if (code === 0) return note(`${ADMIN_SECRET} is not set: the admin routes stay closed`, `Set it: ${SET_SECRET}`)
  if (/not found|does not exist|code: (10007|10090)\b/i.test(text)) {
    return note(
      `${ADMIN_SECRET} is not set, because the Worker does not exist yet: the admin routes stay closed`,
      `Set it after this deploy: ${SET_SECRET}`,
    )
  }
  return notAsked(ADMIN_SECRET, text)
}

/** @returns {Finding} */
function plan() {
  return note(
    'Workers Paid is needed for the images and for e-mail to anyone; it cannot be seen from here',
    "Drawing an image takes more than the Free plan's 10 ms of CPU. See dashboard > Workers & Pages > Plans.",
  )
}

/**
 * The constant that opens the admin routes may be defined by `npm run dev` alone.
 *
 * @param {Config} config
 * @param {string[]} args
 * @returns {Finding[]}
 */
export function localDoor({ define = {}, vars = {} }, args) {
  const named = [...Object.keys(define), ...Object.keys(vars), ...args].some((text) => text.includes('CHARD_LOCAL'))
  if (!named) return []
  return [
    problem('CHARD_LOCAL would open the admin routes to everybody', 'Take it out: only `npm run dev` defines it.'),
  ]
}

/** @param {string} title @returns {Finding} */
const ok = (title) => ({ kind: 'ok', title })

/** @param {string} title @param {string} [advice] @returns {Finding} */
const note = (title, advice) => ({ kind: 'note', title, ...(advice && { advice }) })

/** @param {string} title @param {string} advice @returns {Finding} */
const problem = (title, advice) => ({ kind: 'problem', title, advice })

/** @param {string} what @param {string} text */
function notAsked(what, text) {
  if (text.includes('More than one account')) {
    return note(`Not checked: ${what}`, 'You have several accounts. Choose one: `export CLOUDFLARE_ACCOUNT_ID=<id>`')
  }
  return note(`Not checked: ${what}`, lastLine(text))
}

/** The JSON in an answer, which a warning may stand in front of. @param {string} text */
function jsonIn(text) {
  try {
    return JSON.parse(text.slice(Math.max(0, text.search(/^[[{]/m))))
  } catch {
    return undefined
  }
}

/** @param {string} text */
function lastLine(text) {
  const lines = text.split('\n').map((line) => line.trim())
  return lines.find((line) => /ERROR|code: \d+/.test(line)) ?? lines.find((line) => line !== '') ?? 'No answer.'
}
