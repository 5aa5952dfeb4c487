/** A file of Workers Assets, served by the Worker, so that it has the same security headers as everything else. */
import type { Handler } from 'hono'
import type { Service } from './service.ts'

export const assets: Handler<Service> = async (c) => {
  const file = await c.env.ASSETS.fetch(c.req.raw)
  return new Response(file.body, file)
}
