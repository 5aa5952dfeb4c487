/**
 * Copies the script and the style sheet of `/docs` from their npm package into the folder of the public pages, so that
 * the page loads nothing from another host. `npm install` runs this. The files are 2 MB and follow the lock file, so
 * they are not committed.
 */
import { copyFileSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const from = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
const to = join(import.meta.dirname, '../src/app/page/vendor')

mkdirSync(to, { recursive: true })
for (const name of ['swagger-ui-bundle.js', 'swagger-ui.css']) copyFileSync(join(from, name), join(to, name))
