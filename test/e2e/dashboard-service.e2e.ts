/** The dashboard of the service itself: watching a sign-up's job, holding a task back, and the door of a deployment. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from './chromium.ts'
import { DevServer, temporaryFolder } from './dev-server.ts'
import { withFakeCharts } from './fake-charts.ts'
import { accessibilityViolations, listenForComplaints, screenshot } from './page.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
})
afterAll(() => browser?.close())

describe('npm run dev', async () => {
  const store = await temporaryFolder()
  let server: DevServer
  beforeAll(async () => {
    server = await DevServer.start('npm run dev', store.path)
  })
  afterAll(async () => {
    await server?.stop()
    await store[Symbol.asyncDispose]()
  })

  it('is open to this machine, says so, and shows a sign-up’s job complete without a reload', async () => {
    const page = await browser.newPage({ baseURL: server.url })
    const complaints = listenForComplaints(page)
    await withCharts(page, server)
    await page.goto('/admin')
    await page.getByText('Open on this machine').waitFor()
    await page.getByText('No job yet').waitFor()
    expect(await accessibilityViolations(page)).toEqual([])
    await screenshot(page, 'dashboard-empty')

    await signUp('live', 101)
    await tile(page, 'completed', 1)
    await page.getByRole('link', { name: 'Jobs', exact: true }).click()
    await page.getByRole('region', { name: 'Table of jobs' }).getByRole('link').first().click()
    await page.getByRole('heading', { name: 'draw-avatar' }).waitFor()
    await page.getByText('Attempt 1 completed').waitFor()
    expect(complaints).toEqual([])
    await page.close()
  })

  it('pauses a task, whose jobs wait then, and resumes it', async () => {
    const page = await browser.newPage({ baseURL: server.url })
    const complaints = listenForComplaints(page)
    await withCharts(page, server)
    await page.goto('/admin/')
    expect(new URL(page.url()).pathname).toBe('/admin')
    await page.getByRole('button', { name: 'Pause draw-avatar' }).click()
    await page.getByRole('region', { name: 'Health' }).getByText('draw-avatar paused').waitFor()

    const job = await signUp('held', 102)
    await page.getByLabel('Find a job by its id or key').fill(job)
    await page.keyboard.press('Enter')
    await page.getByRole('region', { name: 'State' }).getByText('queued').waitFor()
    await page.waitForTimeout(2_000)
    await page.getByRole('region', { name: 'State' }).getByText('queued').waitFor()
    await page.getByRole('link', { name: 'draw-avatar', exact: true }).click()
    await page.getByRole('button', { name: 'Resume draw-avatar' }).click()
    await page.getByRole('link', { name: '0 queued' }).waitFor()
    await page.goBack()
    await page.getByText('Attempt 1 completed').waitFor()
    expect(complaints).toEqual([])
    await page.close()
  })

  async function signUp(name: string, id: number): Promise<string> {
    const answer = await server.fetch(`/users/?user_id=${id}&email=${name}@example.com`, {
      method: 'POST',
    })
    expect(answer.status).toBe(202)
    return ((await answer.json()) as { job: { id: string } }).job.id
  }
})

describe('a deployment', () => {
  it('is closed without the secret, and says what to set', async () => {
    await using store = await temporaryFolder()
    const server = await DevServer.start('wrangler dev', store.path)
    try {
      const page = await browser.newPage({ baseURL: server.url })
      const complaints = listenForComplaints(page)
      await page.goto('/admin')
      await page.getByText('npx wrangler secret put ADMIN_TOKEN').waitFor()
      expect(await accessibilityViolations(page)).toEqual([])
      await screenshot(page, 'dashboard-closed', false)
      expect(complaints).toEqual([])
      await page.close()
    } finally {
      await server.stop()
    }
  })
})

describe('a deployment with the secret', async () => {
  const token = 'correct-horse-battery-staple'
  const store = await temporaryFolder()
  let server: DevServer
  beforeAll(async () => {
    server = await DevServer.start('wrangler dev', store.path, ['--var', `ADMIN_TOKEN:${token}`])
  })
  afterAll(async () => {
    await server?.stop()
    await store[Symbol.asyncDispose]()
  })

  /** The cookie is for https, and a browser makes an exception for this name alone. */
  const open = () => browser.newPage({ baseURL: server.url.replace('127.0.0.1', 'localhost') })

  it('logs a browser in with the token, keeps the session over a reload, and logs it out', async () => {
    const page = await open()
    const complaints = listenForComplaints(page)
    await withCharts(page, server, { Authorization: `Bearer ${token}` })
    await page.goto('/admin#/jobs?state=failed')
    await page.getByRole('heading', { name: 'Log in' }).waitFor()
    expect(await accessibilityViolations(page)).toEqual([])
    await screenshot(page, 'dashboard-login', false)
    expect(complaints).toEqual([])

    await page.getByLabel('Admin token').fill('a wrong token altogether')
    await page.keyboard.press('Enter')
    await page.getByText('This is not the admin token.').waitFor()
    // The browser itself complains of an answer that says no.
    complaints.length = 0

    await page.getByLabel('Admin token').fill(token)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText('Nothing has failed').waitFor()
    await page.reload()
    await page.getByText('Nothing has failed').waitFor()
    expect(complaints).toEqual([])

    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('heading', { name: 'Log in' }).waitFor()
    expect((await page.request.get('/admin/api/overview')).status()).toBe(401)
    await page.close()
  })

  it('says so when the session has ended while the page was open', async () => {
    const page = await open()
    await page.goto('/admin')
    await page.getByLabel('Admin token').fill(token)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Deployment' }).waitFor()
    await page.waitForLoadState('networkidle')
    await page.context().clearCookies()
    await page.getByText('Your session has ended.').waitFor({ timeout: 40_000 })
    await page.close()
  })
})

async function tile(page: Page, state: string, value: number): Promise<void> {
  await page
    .getByRole('region', { name: 'Jobs by state' })
    .getByRole('link', { name: `${state} ${value}` })
    .waitFor()
}

/** Charts are asked of the server where it has them. */
async function withCharts(page: Page, server: DevServer, headers: Record<string, string> = {}): Promise<void> {
  const answer = await server.fetch('/admin/api/charts?span=hour', { headers })
  if (answer.status === 404) await withFakeCharts(page)
}
