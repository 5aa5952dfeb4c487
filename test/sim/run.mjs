/** `npm run sim`: bundles the simulator and runs it with the arguments given. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { buildSim } from './build.mjs'

const outfile = fileURLToPath(new URL('../../node_modules/.cache/sim/sim.mjs', import.meta.url))
await buildSim({ outfile })
const child = spawn(process.execPath, ['--enable-source-maps', outfile, ...process.argv.slice(2)], { stdio: 'inherit' })
child.on('exit', (code) => process.exit(code ?? 1))
