/**
 * `GET /openapi.json`, made from the schemas that check the requests, and `GET /docs`, a page on which every route can be tried.
 * Its script and style are files of our own, so it needs no other host.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { type Handler, Hono } from 'hono'
import { every } from 'hono/combine'
import { etag } from 'hono/etag'
import { version } from '../../../package.json'
import { sessionCookie } from '../../admin/index.ts'
import { assets } from './assets.ts'
import { docsSecurity } from './security.ts'
import type { Service } from './service.ts'

export const docsRoutes = new Hono<Service>()

docsRoutes.get('/docs', docsSecurity, assets)
docsRoutes.on('GET', ['/docs.js', '/vendor/swagger-ui-bundle.js', '/vendor/swagger-ui.css'], assets)

/** @param app the app that everything is mounted in */
export function openApiDocument(app: OpenAPIHono<Service>): Handler<Service> {
  let text: string | undefined
  const answer: Handler<Service> = (c) => {
    text ??= JSON.stringify(documentOf(app))
    return c.body(text, 200, { 'Content-Type': 'application/json', 'Cache-Control': 'public, no-cache' })
  }
  return every(etag(), answer)
}

function documentOf(app: OpenAPIHono<Service>) {
  const registry = app.openAPIRegistry
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'The secret ADMIN_TOKEN. Nothing is asked under `npm run dev`.',
  })
  registry.registerComponent('securitySchemes', 'cookie', {
    type: 'apiKey',
    in: 'cookie',
    name: sessionCookie,
    description: 'What `POST /admin/login` sets. Changes are taken from pages of this origin alone.',
  })
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Chard',
      version,
      description: 'Users, and the background work that is done for them. Errors are RFC 9457 problems.',
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: '/' }],
    tags,
  })
}

const tags = [
  { name: 'Users', description: 'Sign-up, and what became of it.' },
  { name: 'Jobs', description: 'One recorded request to run a task.' },
  { name: 'Bulk', description: 'Many jobs at once.' },
  { name: 'Schedules', description: 'What enqueues jobs by itself.' },
  { name: 'Tasks', description: 'Their policies and limits.' },
  { name: 'Deployment', description: 'The whole of it.' },
  { name: 'Session', description: 'A browser instead of a token.' },
  { name: 'Service', description: 'Is it up.' },
]
