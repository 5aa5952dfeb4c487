/** Starts programs in process groups of their own. The reaper kills them however the bench itself ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const readyMs = 60_000
const goneMs = 10_000
const logMax = 20_000

/** Only this process holds the reaper's input open, so its end closes that input. */
const reaper = spawn(process.execPath, [join(import.meta.dirname, 'reaper.ts')], {
  detached: true,
  stdio: ['pipe', 'ignore', 'ignore'],
})
reaper.unref()
// biome-ignore lint/suspicious/noExplicitAny: stdin is a socket, and the type of a stream does not have `unref`
;(reaper.stdin as any).unref()

export interface Launch {
  readonly program: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
}

/** A program and every process that it starts. */
export class Group implements AsyncDisposable {
  readonly name: string
  readonly #child: ChildProcess
  #log = ''
  #hasEnded = false

  constructor(name: string, { program, args, env, cwd = import.meta.dirname }: Launch) {
    this.name = name
    const quiet = { ...process.env, NO_COLOR: '1', ...env }
    this.#child = spawn(program, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'], env: quiet, cwd })
    if (this.#child.pid !== undefined) reaper.stdin?.write(`+${this.#child.pid}\n`)
    this.#child.on('error', (error) => {
      this.#log += String(error)
      this.#hasEnded = true
    })
    this.#child.on('exit', () => {
      this.#hasEnded = true
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#log = (this.#log + text).slice(-logMax)
      })
    }
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  get log(): string {
    return this.#log
  }

  write(text: string): void {
    this.#child.stdin?.write(text)
  }

  /** Waits until `isReady` returns true. @throws with the program's output if it ends or takes too long */
  async ready(isReady: () => Promise<boolean> | boolean): Promise<void> {
    const deadline = Date.now() + readyMs
    while (!(await Promise.resolve(isReady()).catch(() => false))) {
      if (this.#hasEnded) throw new Error(`${this.name} ended. Its output:\n${this.#log}`)
      if (Date.now() > deadline)
        throw new Error(`${this.name} did not become ready within ${readyMs / 1_000} s. Its output:\n${this.#log}`)
      await sleep(25)
    }
  }

  /** Waits until the program ends by itself, and returns its output. @throws if its exit code is not 0 */
  async ended(): Promise<string> {
    const code = this.#child.exitCode ?? (await new Promise((resolve) => this.#child.once('close', resolve)))
    if (code !== 0) throw new Error(`${this.name} ended with exit code ${code}. Its output:\n${this.#log}`)
    return this.#log
  }

  /** Kills all processes of the group at once, as a crash does. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL')
    await this.#gone()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal('SIGTERM')
    if (!(await this.#gone())) await this.kill()
  }

  /** Waits until the group has no processes. Returns false if that takes too long. */
  async #gone(): Promise<boolean> {
    for (const deadline = Date.now() + goneMs; Date.now() < deadline; await sleep(20)) {
      if (this.#signal(0)) continue
      reaper.stdin?.write(`-${this.pid}\n`)
      return true
    }
    return false
  }

  /** Returns false if the group has no processes. */
  #signal(signal: NodeJS.Signals | 0): boolean {
    try {
      process.kill(-this.pid, signal)
      return true
    } catch {
      return false
    }
  }
}

/** Creates a folder for the data of one round. `await using` removes it. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'chard-bench-'))
  reaper.stdin?.write(`${path}\n`)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}
