/**
 * The sign-up page: files from Workers Assets. The Worker hands them out itself, by name, so that they carry the same
 * security headers as everything else.
 */
import { Hono } from 'hono'
import type { Service } from './service.ts'

const files = ['/', '/sign-up.js', '/job.js', '/sign-up.css', '/favicon.svg']

export const pageRoutes = new Hono<Service>()

pageRoutes.on('GET', files, async (c) => {
  const file = await c.env.ASSETS.fetch(c.req.raw)
  return new Response(file.body, file)
})
