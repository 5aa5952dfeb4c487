/**
 * The dashboard in a Worker that is not ours, deep under a prefix, used as a person does: finding what is wrong and
 * mending it, with the mouse, with the keyboard alone, on a phone, in the dark.
 */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { launchChromium } from './chromium.ts'
import { DevServer, temporaryFolder } from './dev-server.ts'
import { withFakeCharts } from './fake-charts.ts'
import { accessibilityViolations, listenForComplaints, screenshot, sidewaysScroll } from './page.ts'

const prefix = '/deep/inside/control'
const desktop = { viewport: { width: 1280, height: 860 } }

const store = await temporaryFolder()
let server: DevServer
let browser: Browser

beforeAll(async () => {
  browser = await launchChromium()
  server = await DevServer.start('npm run dev', store.path, ['--config', 'test/e2e/dashboard/wrangler.toml'])
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
  await store[Symbol.asyncDispose]()
})

/** What one test stopped must not stop the others. */
afterEach(async () => {
  await server.fetch(`${prefix}/api/resume`, { method: 'POST' })
})

async function open(hash: string, options: BrowserContextOptions = desktop) {
  const page = await browser.newPage({ baseURL: server.url, ...options })
  const complaints = listenForComplaints(page)
  await withFakeCharts(page)
  await page.goto(prefix + hash)
  return { page, complaints }
}

async function create(task: string, input: unknown, options: object = {}): Promise<string> {
  const answer = await server.fetch(`${prefix}/api/jobs`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ task, input, options }),
  })
  expect(answer.status).toBe(202)
  return ((await answer.json()) as { id: string }).id
}

it('shows a job fail, says why, and redrives it with a corrected input', async () => {
  const id = await create('import-orders', { file: 'broken.csv' }, { tags: ['eu'], idempotencyKey: 'import:broken' })
  const { page, complaints } = await open(`#/jobs/${id}`)
  const now = page.getByRole('region', { name: 'State' })
  await now.getByText('failed').waitFor()
  await now.getByText('row 3: the product “oolong” is not known', { exact: true }).waitFor()
  const timeline = page.getByRole('region', { name: 'Timeline' })
  expect(await timeline.getByText(/^Attempt \d failed$/).count()).toBe(3)
  await screenshot(page, 'dashboard-job-failed')
  await timeline.getByText('Stack').first().click()
  await timeline
    .getByText(/at .*worker\.(ts|js)|at Object\.run|at run/)
    .first()
    .waitFor()
  expect(await accessibilityViolations(page)).toEqual([])

  await page.getByRole('button', { name: 'Edit and redrive' }).click()
  await page.getByLabel('Input, as JSON').fill('{ "file": ')
  await page.getByRole('dialog').getByRole('button', { name: 'Redrive' }).click()
  await page.getByText('This is no JSON').waitFor()
  expect(await accessibilityViolations(page)).toEqual([])
  await page.getByLabel('Input, as JSON').fill('{ "file": "mended.csv" }')
  await page.getByRole('dialog').getByRole('button', { name: 'Redrive' }).click()
  await now.getByText('completed').waitFor()
  await page.getByRole('region', { name: 'Output as JSON' }).getByText('"imported": 4').waitFor()
  expect(complaints).toEqual([])
  await page.close()
})

it('follows a running job: its bar, its words, its log', async () => {
  const id = await create('import-orders', { file: 'long.csv', rows: 20, ms: 250 })
  const { page, complaints } = await open(`#/jobs/${id}`)
  const bar = page.getByRole('progressbar', { name: 'Progress' })
  await bar.waitFor()
  await page.getByText(/row \d+ of 20/).waitFor()
  const early = Number(await bar.getAttribute('value'))
  await expect
    .poll(async () => Number(await bar.getAttribute('value').catch(() => 1)), { timeout: 10_000 })
    .toBeGreaterThan(early)
  await page.getByRole('region', { name: 'State' }).getByText('completed').waitFor()
  await page.getByRole('region', { name: 'Log of attempt 1' }).getByText('row 20 imported').waitFor()
  expect(complaints).toEqual([])
  await page.close()
})

it('pages and filters a thousand jobs, and cancels those that match', async () => {
  const body = JSON.stringify({ count: 1_000, input: { file: 'later.csv' }, tags: ['thousand'], delay: '1d' })
  expect((await server.fetch('/many', { method: 'POST', body })).status).toBe(200)
  const { page, complaints } = await open('#/jobs')
  const rows = page.getByRole('region', { name: 'Table of jobs' }).locator('tbody tr')
  await page.getByLabel('Tag').fill('thousand')
  await page.keyboard.press('Enter')
  await page.getByLabel('State').selectOption('scheduled')
  await expect.poll(() => page.url()).toMatch(/#\/jobs\?state=scheduled&tag=thousand$/)

  const seen = new Set<string>()
  for (let pages = 1; ; pages++) {
    await rows.first().waitFor()
    const ids = () =>
      rows.getByRole('link').evaluateAll((links) => links.flatMap((link) => link.getAttribute('title') ?? []))
    await expect.poll(async () => (await ids()).some((id) => seen.has(id))).toBe(false)
    for (const id of await ids()) seen.add(id)
    const older = page.getByRole('link', { name: 'Older' })
    if ((await older.count()) === 0) break
    expect(pages).toBeLessThan(40)
    await older.click()
  }
  expect(seen.size).toBe(1_000)
  await page.reload()
  expect(await page.getByLabel('Tag').inputValue()).toBe('thousand')
  await page.goBack()
  await page.getByRole('link', { name: 'Newest' }).click()
  await rows.nth(49).waitFor()
  await page.locator('section[aria-label="Table of jobs"][aria-busy=false]').waitFor()
  await screenshot(page, 'dashboard-jobs', false)

  await page.getByRole('button', { name: 'Cancel all' }).click()
  await page.getByRole('heading', { name: 'Cancel every job that is scheduled tagged thousand?' }).waitFor()
  expect(await accessibilityViolations(page)).toEqual([])
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel all' }).click()
  await page.getByText('Done: 1,000 jobs cancelled.').waitFor({ timeout: 60_000 })
  await page.getByText('No job matches these filters').waitFor()
  expect(await accessibilityViolations(page)).toEqual([])
  expect(complaints).toEqual([])
  await page.close()
})

it('triggers a schedule, pauses it, and shows its history', async () => {
  await server.cron()
  const { page, complaints } = await open('#/schedules')
  const nightly = page.getByRole('region', { name: 'Schedule nightly-report' })
  await nightly.getByText('every day at 02:30 · Europe/Berlin').waitFor()
  await nightly.getByRole('button', { name: 'Trigger nightly-report' }).click()
  await nightly.getByText('by hand').waitFor()
  await nightly.getByRole('button', { name: 'Pause nightly-report' }).click()
  await nightly.getByText('paused', { exact: true }).waitFor()
  expect(await accessibilityViolations(page)).toEqual([])
  await screenshot(page, 'dashboard-schedules')
  await nightly.getByRole('button', { name: 'Resume nightly-report' }).click()
  await nightly.getByText('paused', { exact: true }).waitFor({ state: 'detached' })
  expect(complaints).toEqual([])
  await page.close()
})

it('changes the limits of a task, and restores those of the code', async () => {
  await create('call-partner', { tenant: 'acme' })
  const { page, complaints } = await open('#/tasks/call-partner')
  await page.getByText('50 per 1 s, per partition 2 at a time').waitFor()
  await page.getByRole('button', { name: 'Change limits' }).click()
  await page.getByLabel('Starts').fill('10')
  await page.getByRole('button', { name: 'Set' }).click()
  await page.getByText('10 per 1 s, per partition 2 at a time').waitFor()
  await page.getByText('set by hand; the code says 50 per 1 s').waitFor()
  await page.getByRole('button', { name: 'Change limits' }).click()
  await page.getByLabel('Back to the limits of the code').check()
  await page.getByRole('button', { name: 'Set' }).click()
  await page.getByText('set by hand').waitFor({ state: 'detached' })
  expect(await accessibilityViolations(page)).toEqual([])
  expect(complaints).toEqual([])
  await page.close()
})

it('halts everything after a dialog, and switches it on again from the banner', async () => {
  const { page, complaints } = await open('#/')
  await page.getByRole('button', { name: 'Kill switch' }).click()
  await page.getByRole('button', { name: 'Stop everything' }).click()
  const health = page.getByRole('region', { name: 'Health' })
  await health.getByText('The kill switch is on').waitFor()
  await expect.poll(() => page.title()).toMatch(/^\(2\) Overview/)
  expect(await accessibilityViolations(page)).toEqual([])
  await screenshot(page, 'dashboard-halted', false)
  await health.getByRole('button', { name: 'Switch off' }).click()
  await health.getByText('The kill switch is on').waitFor({ state: 'detached' })
  expect(complaints).toEqual([])
  await page.close()
})

it('is worked with the keyboard alone', async () => {
  const id = await create('import-orders', { file: 'broken too.csv' })
  await expect
    .poll(async () => ((await (await server.fetch(`${prefix}/api/jobs/${id}`)).json()) as { state: string }).state)
    .toBe('failed')
  const { page, complaints } = await open('#/')
  await page.getByRole('heading', { name: 'Tasks' }).waitFor()
  await page.keyboard.press('Tab')
  expect(await focused(page)).toBe('Skip to the content')
  await page.keyboard.press('Enter')
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')

  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Jobs' }).focus()
  await page.keyboard.press('Enter')
  await expect.poll(() => focused(page)).toBe('Jobs')
  await tabTo(page, /^State/)
  await page.keyboard.type('fai')
  await expect.poll(() => page.url()).toMatch(/state=failed/)
  await tabTo(page, new RegExp(`${id}$`))
  await page.keyboard.press('Enter')
  await page.getByRole('region', { name: 'State' }).getByText('failed').waitFor()
  await tabTo(page, /^Edit and redrive/)
  await page.keyboard.press('Enter')
  await expect.poll(() => focused(page)).toMatch(/Input, as JSON/)
  await page.keyboard.press('Escape')
  await expect.poll(() => focused(page)).toMatch(/^Edit and redrive/)
  await tabTo(page, /^Redrive$/)
  await page.keyboard.press('Enter')
  await page.getByText('The job has got its attempts again.').waitFor()
  expect(complaints).toEqual([])
  await page.close()
})

it.each<[string, BrowserContextOptions]>([
  ['light', desktop],
  ['dark', { ...desktop, colorScheme: 'dark' }],
  ['phone', { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 }],
])('can be read by everybody on every view: %s', async (name, options) => {
  // Something of everything, for the picture.
  await create('import-orders', { file: 'at-work.csv', rows: 30, ms: 200 })
  await server.fetch('/many', {
    method: 'POST',
    body: JSON.stringify({ count: 12, input: { file: 'tomorrow.csv' }, tags: ['nightly'], delay: '1d' }),
  })
  const { page, complaints } = await open('#/', options)
  await page.getByRole('region', { name: 'Health' }).getByText('import-orders fails').waitFor()
  await page.getByRole('heading', { name: 'Time run' }).waitFor()
  await page.getByRole('region', { name: 'Table of tasks' }).getByRole('link', { name: 'call-partner' }).waitFor()
  await screenshot(page, `dashboard-${name}`)
  await page.getByText('Figures').first().click()
  await page.getByText('Shards (').click()
  const entries = page.getByRole('navigation', { name: 'Views' }).getByRole('link')
  const titles = await entries.evaluateAll((links) =>
    links.map((link) => [(link as HTMLAnchorElement).hash, link.textContent.trim()] as const),
  )
  expect(titles).toEqual(
    expect.arrayContaining([
      ['#/', 'Overview'],
      ['#/jobs', 'Jobs'],
      ['#/schedules', 'Schedules'],
    ]),
  )
  const others = [
    ['#/?span=day', 'Overview'],
    ['#/tasks/import-orders', 'import-orders'],
    ['#/nowhere/at/all', 'Nothing here'],
  ] as const
  for (const [hash, title] of [...titles, ...others]) {
    await page.evaluate((to) => location.assign(to), hash)
    // The network is idle before the page has changed its view, too.
    await page.waitForFunction((shown) => document.title.includes(`${shown} · Chard`), title)
    await page.waitForLoadState('networkidle')
    expect(await accessibilityViolations(page), hash).toEqual([])
    expect(await sidewaysScroll(page), hash).toBe(0)
  }
  expect(complaints).toEqual([])
  await page.close()
})

it('works with an engine that lacks some routes', async () => {
  const { page } = await open('#/')
  const problem = { type: 'about:blank', title: 'Not Found', status: 404, code: 'not-found', detail: 'Not here.' }
  await page.route(/\/api\/(tasks|settings|schedules|charts)/, (route) => route.fulfill({ status: 404, json: problem }))
  await page.goto(`${prefix}#/`)
  await page.reload()
  await page.getByText('This engine keeps no figures over time').waitFor()
  await page.getByText('This engine does not tell of its tasks').waitFor()
  expect(await page.getByRole('button', { name: 'Pause all tasks' }).count()).toBe(0)
  expect(await accessibilityViolations(page)).toEqual([])
  await page.getByRole('link', { name: 'Schedules' }).click()
  await page.getByText('This engine has no schedules').waitFor()
  await page.getByRole('link', { name: 'Jobs', exact: true }).click()
  await page.getByRole('region', { name: 'Table of jobs' }).waitFor()
  expect(await page.getByRole('button', { name: 'Cancel all' }).count()).toBe(0)
  await page.close()
})

it('requests nothing while it is hidden, and at once when it is shown again', async () => {
  const { page } = await open('#/')
  await page.getByRole('heading', { name: 'Tasks' }).waitFor()
  await page.waitForLoadState('networkidle')
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  await hide(page, true)
  await page.waitForTimeout(7_000)
  expect(asked).toEqual([])
  await hide(page, false)
  await expect.poll(() => asked.length).toBeGreaterThan(0)
  await page.close()
})

it('says when the service does not answer, and goes on by itself', async () => {
  const { page } = await open('#/')
  await page.getByRole('heading', { name: 'Tasks' }).waitFor()
  await page.context().setOffline(true)
  await page.getByText(/No answer/).waitFor({ timeout: 30_000 })
  await page.getByRole('region', { name: 'Health' }).getByText('The service does not answer').waitFor()
  await screenshot(page, 'dashboard-offline', false)
  await page.context().setOffline(false)
  await page.getByText(/No answer/).waitFor({ state: 'detached', timeout: 60_000 })
  await page.close()
})

function hide(page: Page, isHidden: boolean): Promise<void> {
  return page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  }, isHidden)
}

/** What a person would be told has the focus. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement as HTMLInputElement | null
    const label = element?.labels?.[0]?.textContent
    return (element?.getAttribute('aria-label') ?? label ?? element?.textContent ?? '').trim()
  })
}

async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press('Tab')
    if (name.test(await focused(page))) return
  }
  throw new Error(`the keyboard does not reach ${name}; it is at ${await focused(page)}`)
}
