/** The sign-up page, used in a browser as a person does. Screenshots of what it looked like are in test/e2e/screenshots. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchChromium } from './chromium.ts'
import { DevServer, temporaryFolder } from './dev-server.ts'

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const store = await temporaryFolder()
let server: DevServer
let browser: Browser

beforeAll(async () => {
  browser = await launchChromium()
  server = await DevServer.start('npm run dev', store.path)
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
  await store[Symbol.asyncDispose]()
})

it.each<[string, BrowserContextOptions]>([
  ['desktop', { viewport: { width: 1280, height: 800 } }],
  ['phone', { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 }],
  ['dark', { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' }],
])('takes a sign-up from the form to the picture: %s', async (name, options) => {
  const page = await browser.newPage({ baseURL: server.url, ...options })
  const complaints = listenForComplaints(page)

  await page.goto('/')
  expect(await accessibilityViolations(page)).toEqual([])
  expect(await sidewaysScroll(page)).toBe(0)
  await screenshot(page, `${name}-1-form`)

  await page.getByRole('textbox', { name: 'E-mail' }).fill(`${name}@example.com`)
  await page.getByRole('button', { name: 'Sign up' }).click()
  await page.getByRole('progressbar').waitFor()
  await screenshot(page, `${name}-2-progress`)

  const picture = page.getByRole('img', { name: /profile image/i })
  await picture.waitFor({ timeout: 60_000 })
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(512)
  expect(await page.getByRole('status').textContent()).toMatch(/ready/)
  expect(await accessibilityViolations(page)).toEqual([])
  expect(await sidewaysScroll(page)).toBe(0)
  await screenshot(page, `${name}-3-picture`)

  expect(complaints).toEqual([])
  await page.close()
})

it('shows the progress of the job in words and in a bar that only rises', async () => {
  const page = await browser.newPage({ baseURL: server.url })
  await page.goto('/')
  await page.evaluate(() => {
    const seen: { word: string; value: number }[] = []
    Object.assign(window, { seen })
    const bar = document.querySelector('progress')
    const word = document.querySelector('[role=status]')
    const look = () => seen.push({ word: word?.textContent ?? '', value: bar?.hasAttribute('value') ? bar.value : 0 })
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true })
  })
  await page.getByRole('textbox', { name: 'E-mail' }).fill('progress@example.com')
  await page.keyboard.press('Enter')
  await page.getByRole('img', { name: /profile image/i }).waitFor({ timeout: 60_000 })

  const seen = await page.evaluate(() => (window as unknown as { seen: { word: string; value: number }[] }).seen)
  const values = seen.map(({ value }) => value)
  expect(values).toEqual(values.toSorted((a, b) => a - b))
  expect(values.at(-1)).toBe(1)
  expect(seen.map(({ word }) => word).join('\n')).toMatch(/ready/)
  await page.close()
})

it('says what is wrong with a sign-up, and takes it once mended', async () => {
  const page = await browser.newPage({ baseURL: server.url })
  await page.goto('/')
  const [email, number] = [
    page.getByRole('textbox', { name: 'E-mail' }),
    page.getByRole('textbox', { name: 'User number' }),
  ]
  await email.fill('taken@example.com')
  await number.fill('4711')
  await page.getByRole('button', { name: 'Sign up' }).click()
  await page.getByRole('img', { name: /profile image/i }).waitFor({ timeout: 60_000 })

  await page.getByRole('button', { name: 'Sign up somebody else' }).click()
  await email.fill('other@example.com')
  await number.fill('4711')
  await page.getByRole('button', { name: 'Sign up' }).click()
  await page.getByText(/choose another id/i).waitFor()
  expect(await accessibilityViolations(page)).toEqual([])
  await screenshot(page, 'desktop-4-refused')

  await number.fill('4712')
  await page.getByRole('button', { name: 'Sign up' }).click()
  await page.getByRole('heading', { name: 'Welcome, number 4712' }).waitFor()
  await page.close()
})

/** Everything a clean page is silent about: errors, warnings, violations of its policy, answers that are missing. */
function listenForComplaints(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`)
  })
  page.on('response', (answer) => {
    if (answer.status() >= 400) complaints.push(`${answer.status()} ${answer.url()}`)
  })
  page.on('requestfailed', (request) => {
    // The page itself ends its stream of events once the job is final.
    if (request.resourceType() !== 'eventsource') complaints.push(`failed: ${request.url()}`)
  })
  return complaints
}

/** Run as the browser's own script, so that the page's policy stays in force. */
async function accessibilityViolations(page: Page): Promise<string[]> {
  await page.evaluate(axeSource)
  const results = await page.evaluate(() => {
    const { axe } = window as unknown as { axe: { run(root: Document, options: object): Promise<AxeResults> } }
    return axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })
  })
  return results.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
}

function sidewaysScroll(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
}

async function screenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(import.meta.dirname, 'screenshots', `${name}.png`), fullPage: true })
}
