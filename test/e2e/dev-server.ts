/**
 * A real development server as a child process, for tests that meet the Worker from outside. It is the leader of its
 * own process group, so that `kill` is a crash of everything at once and nothing outlives a test.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'

const readyMs = 90_000
const goneMs = 15_000

/** `npm run dev` is what the README says; `wrangler dev` is the bare tool, which starts the Worker as deployed. */
export type Command = 'npm run dev' | 'wrangler dev'

const programs: Readonly<Record<Command, readonly string[]>> = {
  'npm run dev': ['npm', 'run', 'dev', '--'],
  'wrangler dev': ['npx', 'wrangler', 'dev', '--ip', '127.0.0.1', '--show-interactive-dev-session=false'],
}

/** Also one that has ended by itself. */
export const runningServers = new Set<DevServer>()

export class DevServer {
  readonly url: string
  readonly #command: readonly string[]
  #child: ChildProcess | undefined
  #log = ''
  /** Requests that change something, not answered yet. */
  #asking = 0

  private constructor(command: readonly string[], port: number) {
    this.#command = command
    this.url = `http://127.0.0.1:${port}`
    // The test run itself may be stopped half way.
    process.once('exit', () => this.#signal('SIGKILL'))
  }

  /** Starts it on a free port. `persistTo` keeps its stores, also over a `kill`. */
  static async start(command: Command, persistTo: string, args: readonly string[] = []): Promise<DevServer> {
    const port = await freePort()
    const where = ['--port', String(port), '--inspector-port', '0', '--persist-to', persistTo]
    const server = new DevServer([...programs[command], ...where, ...args], port)
    await server.restart()
    return server
  }

  /** Everything it has printed since it was last started. */
  get log(): string {
    return stripVTControlCharacters(this.#log)
  }

  /**
   * Sends a request, as a client does. The server may close an idle connection just when it is used again, here and between the
   * server's own proxy and its runtime. So a request that changes nothing is repeated when the connection broke. Before a request
   * that changes something, when no other is open, the proxy is made to use a connection, because it takes that one again.
   */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const ask = (path: string, init: RequestInit) =>
      fetch(this.url + path, { signal: AbortSignal.timeout(60_000), ...init })
    const changes = init.method !== undefined
    try {
      if (changes && this.#asking++ === 0) await (await ask('/healthz', {})).text()
      return await ask(path, init)
    } catch (error) {
      if (changes || !(error instanceof TypeError)) throw error
      return await ask(path, init)
    } finally {
      if (changes) this.#asking--
    }
  }

  /** Fires the cron trigger, which does not fire by itself on a developer's machine. */
  async cron(): Promise<void> {
    const answer = await this.fetch('/cdn-cgi/local/scheduled?cron=*+*+*+*+*')
    if (!answer.ok) throw new Error(`The cron trigger answered ${answer.status}: ${await answer.text()}`)
  }

  /** Starts it again, after a `kill`, on the same port and stores. */
  async restart(): Promise<void> {
    const [program = '', ...args] = this.#command
    this.#log = ''
    const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: quietEnvironment() })
    this.#child = child
    runningServers.add(this)
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text
      })
    }
    await this.#until(readyMs, 'did not become ready', async () => {
      if (child.exitCode !== null) throw this.#failure(`ended with ${child.exitCode}`)
      return this.#answers()
    })
  }

  /** A crash: every process of it is gone, without a chance to finish anything. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** A crash of the runtime that runs the Worker, and of nothing else. */
  async crashRuntime(): Promise<void> {
    for (const { pid, words } of await descendants(this.#child?.pid)) {
      // The other runtime is the proxy in front of it, which has the port that was asked for.
      if (words.includes('serve') && words.includes('--socket-addr=entry=127.0.0.1:0')) process.kill(pid, 'SIGSEGV')
    }
  }

  /** An orderly end. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM').catch(() => this.#end('SIGKILL'))
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.#signal(signal)
    await this.#until(goneMs, `still answers after ${signal}`, async () => !(await this.#answers()))
    this.#child = undefined
    runningServers.delete(this)
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      if (this.#child?.pid !== undefined) process.kill(-this.#child.pid, signal)
    } catch {
      // It is gone already.
    }
  }

  /** Any answer will do. Whether the server is healthy, the test decides. */
  async #answers(): Promise<boolean> {
    try {
      await fetch(`${this.url}/healthz`, { signal: AbortSignal.timeout(5_000) })
      return true
    } catch {
      return false
    }
  }

  async #until(withinMs: number, otherwise: string, condition: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + withinMs
    while (!(await condition())) {
      if (Date.now() > deadline) throw this.#failure(otherwise)
      await sleep(100)
    }
  }

  #failure(what: string): Error {
    return new Error(`${this.#command.join(' ')} ${what}. It said:\n${this.log.slice(-4_000)}`)
  }
}

/** A folder for the stores of one server. `await using` takes it away again. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'chard-e2e-'))
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5 }),
  }
}

interface Process {
  readonly pid: number
  readonly parent: number
  readonly words: readonly string[]
}

/** All child processes of a process, from Linux's /proc. */
async function descendants(ancestor: number | undefined): Promise<Process[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const all = (await Promise.all(ids.map(readProcess))).flat()
  const below = (parents: Process[]): Process[] =>
    parents.flatMap((parent) => [parent, ...below(all.filter((one) => one.parent === parent.pid))])
  return below(all.filter(({ parent }) => parent === ancestor))
}

/** Empty for a process that has ended meanwhile. */
async function readProcess(id: string): Promise<Process[]> {
  try {
    const [stat, line] = await Promise.all(['stat', 'cmdline'].map((file) => readFile(`/proc/${id}/${file}`, 'utf8')))
    const parent = Number(stat?.slice(stat.lastIndexOf(')')).split(' ')[2])
    return [{ pid: Number(id), parent, words: line?.split('\0') ?? [] }]
  } catch {
    return []
  }
}

/** No prompts, no telemetry, no colours, no network. */
function quietEnvironment(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    CLOUDFLARE_CF_FETCH_ENABLED: 'false',
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    NO_COLOR: '1',
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}
