import { describe, expect, test } from 'vitest'
import { app } from '../../../src/app/app.ts'
import { request } from '../http.ts'

interface Document {
  readonly openapi: string
  readonly paths: Record<string, Record<string, { security?: object[]; responses: Record<string, unknown> }>>
  readonly components: { readonly securitySchemes: object; readonly schemas: object }
}

const documentOf = async () => (await request('/openapi.json')).json<Document>()

/** Files and pages, which are for browsers, and the answers to what is not there. */
const undescribed =
  /^(?:ALL )|^GET (?:\/|\/admin|\/admin\/page\/\{name\}|\/docs|\/openapi\.json|\/[\w./-]+\.(?:js|css|svg))$/

describe('GET /openapi.json', () => {
  test('describes every route that is mounted', async () => {
    const { openapi, paths } = await documentOf()
    expect(openapi).toBe('3.1.0')
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const mounted = app.routes
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`)
      .filter((route) => !undescribed.test(route))
    expect([...new Set(mounted)].sort()).toEqual([...described].sort())
  })

  test('describes the credential and the errors of every route', async () => {
    const { paths, components } = await documentOf()
    expect(Object.keys(components.securitySchemes)).toEqual(['bearer', 'cookie'])
    for (const [path, methods] of Object.entries(paths)) {
      for (const { security, responses } of Object.values(methods)) {
        const guarded = path.startsWith('/admin/api')
        expect([path, security]).toEqual([path, guarded ? [{ bearer: [] }, { cookie: [] }] : expect.any(Array)])
        expect(JSON.stringify(responses)).toContain('application/problem+json')
        if (guarded) expect(Object.keys(responses)).toEqual(expect.arrayContaining(['401', '403']))
      }
    }
  })

  test('is not sent again to a client that has it', async () => {
    const first = await request('/openapi.json')
    await first.text()
    const again = await request('/openapi.json', { headers: { 'If-None-Match': first.headers.get('ETag') ?? '' } })
    expect(again.status).toBe(304)
  })
})

describe('GET /docs', () => {
  test('is a page with all of its files, none of them inline', async () => {
    const response = await request('/docs')
    expect(response.status).toBe(200)
    const html = await response.text()
    expect(html).not.toMatch(/<style|style="|<script(?![^>]*src=)|\son\w+=|https?:/)
    for (const [, path = ''] of html.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
      const file = await request(path)
      expect([path, file.status]).toEqual([path, 200])
      await file.body?.cancel()
    }
  })

  test('has the policy of the other pages, except for pictures in its style', async () => {
    const { headers, body } = await request('/docs')
    await body?.cancel()
    const { headers: usual } = await request('/')
    const policy = headers.get('Content-Security-Policy') ?? ''
    expect(policy).toBe(usual.get('Content-Security-Policy')?.replace("img-src 'self'", "img-src 'self' data:"))
    expect(policy).not.toContain('unsafe')
    expect(headers.get('X-Frame-Options')).toBe('DENY')
  })
})
