/** A file of Workers Assets, handed out by the Worker, so that it carries the same security headers as everything else. */
import type { Handler } from 'hono'
import type { Service } from './service.ts'

export const assets: Handler<Service> = async (c) => {
  const file = await c.env.ASSETS.fetch(c.req.raw)
  return new Response(file.body, file)
}
