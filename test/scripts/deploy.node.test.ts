import { describe, expect, it } from 'vitest'
import { type Answer, type Config, type Finding, findings } from '../../scripts/deploy/findings.ts'

const answer = (text: string, code = 0): Answer => ({ code, text })

const whoami = answer('{"loggedIn":true,"email":"me@example.com","accounts":[{"name":"Mine","id":"1"}]}')
const buckets = answer('Listing buckets...\nname: chard-images')
const secrets = answer('[\n  { "name": "ADMIN_TOKEN", "type": "secret_text" }\n]')
const config: Config = { name: 'chard', vars: { MAIL_FROM: '' } }

const noR2 = (reason: string) => answer(`✘ [ERROR] A request to the Cloudflare API failed.\n\n  ${reason}`, 1)
const senders = answer(
  '┌──────┬─────────────┬─────────┐\n│ zone │ name        │ enabled │\n│ x    │ example.com │ yes     │\n│ x    │ old.example │ no      │',
)

function found(about: RegExp, list: Finding[]): Finding {
  const finding = list.find(({ title }) => about.test(title))
  if (finding === undefined)
    throw new Error(`No finding about ${about} in: ${list.map(({ title }) => title).join('; ')}`)
  return finding
}

const problems = (list: Finding[]) => list.filter(({ kind }) => kind === 'problem')

describe('npm run deploy', () => {
  it('finds no problem in an account that has everything', () => {
    const list = findings({ whoami, buckets, secrets, senders }, { vars: { MAIL_FROM: 'hello@example.com' } }, [])
    expect(problems(list)).toEqual([])
    expect(list.filter(({ kind }) => kind === 'ok').map(({ title }) => title)).toEqual([
      'Logged in as me@example.com (Mine)',
      'R2 is enabled',
      'E-mail is sent from hello@example.com',
      'ADMIN_TOKEN is set',
    ])
  })

  it('reports a missing login as the only problem', () => {
    const list = findings({ whoami: answer('{"loggedIn":false}', 1) }, config, [])
    expect(problems(list)).toMatchObject([
      { title: 'Not logged in to Cloudflare', advice: expect.stringContaining('wrangler login') },
    ])
    expect(list.map(({ title }) => title).join()).not.toMatch(/R2|ADMIN_TOKEN/)
  })

  it('does not mistake a failed request for a missing login', () => {
    const list = findings({ whoami: answer('✘ [ERROR] fetch failed', 1) }, config, [])
    expect(problems(list)[0]).toMatchObject({
      title: expect.stringContaining('did not say'),
      advice: expect.stringContaining('fetch failed'),
    })
  })

  it.each([
    'Please enable R2 through the Cloudflare Dashboard. [code: 10042]',
    'refused [code: 10136]',
    'You are not entitled to use r2.',
  ])('reports a problem if R2 is not enabled: %s', (reason) => {
    const finding = found(/R2/, findings({ whoami, buckets: noR2(reason), secrets }, config, []))
    expect(finding.kind).toBe('problem')
    expect(finding.advice).toMatch(/dashboard/)
  })

  it('reports a note if R2 cannot be checked, because the deployment may still succeed', () => {
    const list = findings({ whoami, buckets: noR2('Authentication error [code: 10000]'), secrets }, config, [])
    expect(found(/R2/, list)).toMatchObject({ kind: 'note', title: 'Not checked: R2' })
  })

  it('explains how to choose one of several accounts', () => {
    const several = answer('✘ [ERROR] More than one account available but unable to select one', 1)
    const list = findings({ whoami, buckets: several, secrets: several }, config, [])
    expect(found(/R2/, list).advice).toContain('CLOUDFLARE_ACCOUNT_ID')
    expect(problems(list)).toEqual([])
  })

  it('reports a note that e-mails are not sent if there is no sender', () => {
    const finding = found(/MAIL_FROM/, findings({ whoami, buckets, secrets }, config, []))
    expect(finding.kind).toBe('note')
    expect(finding.advice).toContain('wrangler email sending enable')
  })

  it.each(['hello@old.example', 'Chard <hello@elsewhere.example>'])(
    'reports a note if the domain of the sender is not enabled: %s',
    (from) => {
      const list = findings({ whoami, buckets, secrets, senders }, { vars: { MAIL_FROM: from } }, [])
      expect(found(/E-mail from/, list)).toMatchObject({ kind: 'note' })
    },
  )

  it('reports a note if the admin secret is missing, and before the first deployment when to set it', () => {
    const missing = found(/ADMIN_TOKEN/, findings({ whoami, buckets, secrets: answer('[]') }, config, []))
    expect(missing).toMatchObject({ kind: 'note', advice: expect.stringContaining('secret put ADMIN_TOKEN') })

    const first = answer(
      '✘ [ERROR] Worker "chard" not found.\n\nIf this is a new Worker, run `wrangler deploy` first.',
      1,
    )
    const later = found(/ADMIN_TOKEN/, findings({ whoami, buckets, secrets: first }, config, []))
    expect(later).toMatchObject({ kind: 'note', advice: expect.stringContaining('after this deployment') })
  })

  it('reports a note that images need Workers Paid', () => {
    expect(found(/Workers Paid/, findings({ whoami, buckets, secrets }, config, [])).kind).toBe('note')
  })

  it('reports a problem if an argument or the configuration defines CHARD_LOCAL', () => {
    const answers = { whoami, buckets, secrets }
    const title = 'CHARD_LOCAL would open the admin routes to everybody'
    expect(problems(findings(answers, config, ['--define', 'CHARD_LOCAL:true']))).toMatchObject([{ title }])
    expect(problems(findings(answers, { define: { CHARD_LOCAL: 'true' } }, []))).toMatchObject([{ title }])
  })
})
