/** Runs a bundled simulator as a process of its own: a planted bug may make it hang, and must not make this program hang. */
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'

/** The first violation in a run of seeds. */
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

/** A run that takes longer is in a loop, which the simulator should have ended by itself. */
const timeoutMs = 10 * 60_000

/**
 * Runs the seeds up to the first violation. Undefined when every seed passed.
 * @throws when the process did not exit by itself, or did not report the violation that it exited for
 */
export async function simulate(bundle: string, { seeds, base, report }: SimulateOptions): Promise<Found | undefined> {
  const flags = ['--seeds', seeds, '--base', base, '--workers', 1, '--until-failure', '--quiet', '--json', report]
  const { code, output } = await run([bundle, ...flags.map(String)])
  if (code === 0) return undefined
  const { violations } = await readFile(report, 'utf8').then(
    (text) => JSON.parse(text) as { violations: Found[] },
    () => ({ violations: [] as Found[] }),
  )
  const [first] = violations.toSorted((a, b) => a.seed - b.seed)
  if (code !== 1 || !first) throw new Error(`the simulator ended with ${code}: ${output.slice(-500).trim()}`)
  return first
}

function run(args: readonly string[]): Promise<{ code: number | string; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4_000)
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    const stop = () => child.kill()
    process.once('exit', stop)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      process.off('exit', stop)
      resolve({ code: code ?? signal ?? 'nothing', output })
    })
  })
}
