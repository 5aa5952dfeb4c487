/**
 * `npm install` runs this: copies the program and the style of `/docs` from their package to the other files of the
 * pages, so that the page works with no host but this one. They are 2 MB and change with the lock file, so they are
 * not committed.
 */
import { copyFileSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const from = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
const to = join(import.meta.dirname, '../src/app/page/vendor')

mkdirSync(to, { recursive: true })
for (const name of ['swagger-ui-bundle.js', 'swagger-ui.css']) copyFileSync(join(from, name), join(to, name))
