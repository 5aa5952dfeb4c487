/** `node scripts/check-bundle.mjs dist/index.js`: fails when the bundle would open the admin routes to everybody. */
import { readFileSync } from 'node:fs'
import { openDoor } from './deploy/local-door.mjs'

const file = process.argv[2] ?? 'dist/index.js'
const wrong = openDoor(readFileSync(file, 'utf8'))

if (wrong === undefined) console.log(`${file}: the local door is closed.`)
else console.error(`${file}: the local door may be open, because ${wrong}`)
process.exitCode = wrong === undefined ? 0 : 1
