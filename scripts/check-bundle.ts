/**
 * `node scripts/check-bundle.ts [file]`: fails when the bundle (default: dist/index.js) could run in local mode, which
 * opens the admin routes to everybody.
 */
import { readFileSync } from 'node:fs'
import { localModeIn } from './deploy/local-mode.ts'

const file = process.argv[2] ?? 'dist/index.js'
const reason = localModeIn(readFileSync(file, 'utf8'))

if (reason === undefined) console.log(`${file}: local mode is off.`)
else console.error(`${file}: local mode may be on: ${reason}`)
process.exitCode = reason === undefined ? 0 : 1
