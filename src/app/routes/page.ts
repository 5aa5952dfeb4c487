/** The sign-up page: its files, by name. */
import { Hono } from 'hono'
import { assets } from './assets.ts'
import type { Service } from './service.ts'

const files = ['/', '/sign-up.js', '/job.js', '/states.js', '/sign-up.css', '/favicon.svg']

/** An app of its own, because a page is no route of the typed client. */
export const pageRoutes = new Hono<Service>()

pageRoutes.on('GET', files, assets)
