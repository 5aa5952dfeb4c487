/** Runs a bundled simulator as a program of its own: a planted bug may hang it, and must not hang us. */
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'

/** What a run of seeds found first. */
export interface Found {
  readonly seed: number
  readonly invariant: string
  readonly message: string
}

export interface SimulateOptions {
  readonly seeds: number
  readonly base: number
  /** Where the program writes what it found. */
  readonly report: string
}

/** A run that takes longer is in a loop that the simulator should have ended by itself. */
const patienceMs = 10 * 60_000

/**
 * Up to the first violation. Undefined when every seed held.
 * @throws when the program did not come to its end by itself, or said nothing of what it found
 */
export async function simulate(bundle: string, { seeds, base, report }: SimulateOptions): Promise<Found | undefined> {
  const flags = ['--seeds', seeds, '--base', base, '--workers', 1, '--until-failure', '--quiet', '--json', report]
  const { code, said } = await run([bundle, ...flags.map(String)])
  if (code === 0) return undefined
  const { violations } = await readFile(report, 'utf8').then(
    (text) => JSON.parse(text) as { violations: Found[] },
    () => ({ violations: [] as Found[] }),
  )
  const [first] = violations.toSorted((a, b) => a.seed - b.seed)
  if (code !== 1 || !first) throw new Error(`the simulator ended with ${code}: ${said.slice(-500).trim()}`)
  return first
}

function run(args: readonly string[]): Promise<{ code: number | string; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    const hear = (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
    const stop = () => child.kill()
    process.once('exit', stop)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      process.off('exit', stop)
      resolve({ code: code ?? signal ?? 'nothing', said })
    })
  })
}
