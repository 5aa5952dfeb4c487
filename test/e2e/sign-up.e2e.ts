/** The sign-up page, used in a browser as a person does. Screenshots of what it looked like are in test/e2e/screenshots. */
import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchChromium } from './chromium.ts'
import { DevServer, temporaryFolder } from './dev-server.ts'
import { accessibilityViolations, listenForComplaints, screenshot, sidewaysScroll } from './page.ts'

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

it('says what is wrong with a sign-up, and accepts it once it is corrected', async () => {
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
