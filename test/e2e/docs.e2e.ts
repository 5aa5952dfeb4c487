/** The page of the API, used in a browser: it asks no other host, breaks no rule of its policy, and tries a route out. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchChromium } from './chromium.ts'
import { DevServer, temporaryFolder } from './dev-server.ts'

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

it('shows every route, and tries one out', async () => {
  const page = await browser.newPage({ baseURL: server.url })
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (url.protocol !== 'data:' && url.origin !== new URL(server.url).origin) complaints.push(request.url())
  })

  await page.goto('/docs')
  await page.locator('.opblock').first().waitFor()
  const { paths } = (await (await server.fetch('/openapi.json')).json()) as { paths: Record<string, object> }
  const operations = Object.values(paths).flatMap((methods) => Object.keys(methods))
  expect(await page.locator('.opblock').count()).toBe(operations.length)

  const health = page.locator('.opblock', { hasText: '/healthz' })
  await health.locator('.opblock-summary-control').click()
  await health.getByRole('button', { name: 'Execute' }).click()
  await health.locator('.live-responses-table .response-col_status', { hasText: '200' }).waitFor()
  expect(complaints).toEqual([])
  await page.close()
})
