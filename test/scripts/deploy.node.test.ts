import { describe, expect, it } from 'vitest'
import { type Answer, type Config, type Finding, findings } from '../../scripts/deploy/findings.mjs'

const said = (text: string, code = 0): Answer => ({ code, text })

const whoami = said('{"loggedIn":true,"email":"me@example.com","accounts":[{"name":"Mine","id":"1"}]}')
const buckets = said('Listing buckets...\nname: chard-images')
const secrets = said('[\n  { "name": "ADMIN_TOKEN", "type": "secret_text" }\n]')
const config: Config = { name: 'chard', vars: { MAIL_FROM: '' } }

const noR2 = (reason: string) => said(`✘ [ERROR] A request to the Cloudflare API failed.\n\n  ${reason}`, 1)
const senders = said(
  '┌──────┬─────────────┬─────────┐\n│ zone │ name        │ enabled │\n│ x    │ example.com │ yes     │\n│ x    │ old.example │ no      │',
)

function found(about: RegExp, list: Finding[]): Finding {
  const finding = list.find(({ title }) => about.test(title))
  if (finding === undefined)
    throw new Error(`No finding about ${about} in: ${list.map(({ title }) => title).join('; ')}`)
  return finding
}

const problems = (list: Finding[]) => list.filter(({ kind }) => kind === 'problem')

describe('the checklist of npm run deploy', () => {
  it('finds no problem in an account that has everything', () => {
    const list = findings({ whoami, buckets, secrets, senders }, { vars: { MAIL_FROM: 'hello@example.com' } }, [])
    expect(problems(list)).toEqual([])
    expect(list.filter(({ kind }) => kind === 'ok').map(({ title }) => title)).toEqual([
      'Logged in as me@example.com (Mine)',
      'R2 is switched on',
      'E-mail is sent from hello@example.com',
      'ADMIN_TOKEN is set',
    ])
  })

  it('stops at nobody being logged in, and asks nothing else', () => {
    const list = findings({ whoami: said('{"loggedIn":false}', 1) }, config, [])
    expect(problems(list)).toMatchObject([
      { title: 'Not logged in to Cloudflare', advice: expect.stringContaining('wrangler login') },
    ])
    expect(list.map(({ title }) => title).join()).not.toMatch(/R2|ADMIN_TOKEN/)
  })

  it('tells a network that is down from a login that is missing', () => {
    const list = findings({ whoami: said('✘ [ERROR] fetch failed', 1) }, config, [])
    expect(problems(list)[0]).toMatchObject({
      title: expect.stringContaining('could not be asked'),
      advice: expect.stringContaining('fetch failed'),
    })
  })

  it.each([
    'Please enable R2 through the Cloudflare Dashboard. [code: 10042]',
    'refused [code: 10136]',
    'You are not entitled to use r2.',
  ])('stops at R2 being switched off: %s', (reason) => {
    const finding = found(/R2/, findings({ whoami, buckets: noR2(reason), secrets }, config, []))
    expect(finding.kind).toBe('problem')
    expect(finding.advice).toMatch(/dashboard/)
  })

  it('goes on when R2 cannot be asked about, because the deploy may still succeed', () => {
    const list = findings({ whoami, buckets: noR2('Authentication error [code: 10000]'), secrets }, config, [])
    expect(found(/R2/, list)).toMatchObject({ kind: 'note', title: 'Not checked: R2' })
  })

  it('says how to choose between several accounts', () => {
    const several = said('✘ [ERROR] More than one account available but unable to select one', 1)
    const list = findings({ whoami, buckets: several, secrets: several }, config, [])
    expect(found(/R2/, list).advice).toContain('CLOUDFLARE_ACCOUNT_ID')
    expect(problems(list)).toEqual([])
  })

  it('notes that mail goes to the log without a sender', () => {
    const finding = found(/MAIL_FROM/, findings({ whoami, buckets, secrets }, config, []))
    expect(finding.kind).toBe('note')
    expect(finding.advice).toContain('wrangler email sending enable')
  })

  it.each(['hello@old.example', 'Chard <hello@elsewhere.example>'])(
    'notes a sender whose domain is not enabled: %s',
    (from) => {
      const list = findings({ whoami, buckets, secrets, senders }, { vars: { MAIL_FROM: from } }, [])
      expect(found(/E-mail from/, list)).toMatchObject({ kind: 'note' })
    },
  )

  it('notes a missing admin secret, and on the first deploy when to set it', () => {
    const missing = found(/ADMIN_TOKEN/, findings({ whoami, buckets, secrets: said('[]') }, config, []))
    expect(missing).toMatchObject({ kind: 'note', advice: expect.stringContaining('secret put ADMIN_TOKEN') })

    const first = said(
      '✘ [ERROR] Worker "chard" not found.\n\nIf this is a new Worker, run `wrangler deploy` first.',
      1,
    )
    const later = found(/ADMIN_TOKEN/, findings({ whoami, buckets, secrets: first }, config, []))
    expect(later).toMatchObject({ kind: 'note', advice: expect.stringContaining('after this deploy') })
  })

  it('says that the images need Workers Paid', () => {
    expect(found(/Workers Paid/, findings({ whoami, buckets, secrets }, config, [])).kind).toBe('note')
  })

  it('refuses to deploy the open local door, wherever it is defined', () => {
    const answers = { whoami, buckets, secrets }
    const door = 'CHARD_LOCAL would open the admin routes to everybody'
    expect(problems(findings(answers, config, ['--define', 'CHARD_LOCAL:true']))).toMatchObject([{ title: door }])
    expect(problems(findings(answers, { define: { CHARD_LOCAL: 'true' } }, []))).toMatchObject([{ title: door }])
  })
})
