/** Takes a CPU profile of the Worker through workerd's inspector. The developer tools of Chromium can open it. */
import { writeFile } from 'node:fs/promises'

const samplingMicroseconds = 500
/** workerd never answers some calls. */
const answerMs = 60_000

interface Answer {
  readonly id?: number
  readonly result?: Record<string, unknown>
  readonly error?: unknown
}

/** A connection to the inspector of the Worker's isolate, which its Durable Objects share. */
export class Inspector implements Disposable {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #calls = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      const answer = JSON.parse(String(data)) as Answer
      if (answer.id !== undefined) this.#waiting.get(answer.id)?.(answer)
    })
  }

  static async open(inspectorPort: number): Promise<Inspector> {
    const socket = new WebSocket(`ws://127.0.0.1:${inspectorPort}/core:user:bench`)
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve)
      socket.addEventListener('error', () =>
        reject(new Error(`the inspector of workerd does not answer on port ${inspectorPort}`)),
      )
    })
    return new Inspector(socket)
  }

  call(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#calls
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`workerd did not answer ${method} within ${answerMs / 1_000} s`)),
        answerMs,
      )
      this.#waiting.set(id, ({ result, error }) => {
        this.#waiting.delete(id)
        clearTimeout(timer)
        if (error === undefined) resolve(result ?? {})
        else reject(new Error(`${method}: ${JSON.stringify(error)}`))
      })
      this.#socket.send(JSON.stringify({ id, method, params }))
    })
  }

  [Symbol.dispose](): void {
    this.#socket.close()
  }
}

/** Runs `work` under the profiler and writes the profile to `file`. */
export async function profiled<T>(
  { inspectorPort, file }: { readonly inspectorPort: number; readonly file: string },
  work: () => Promise<T>,
): Promise<T> {
  using inspector = await Inspector.open(inspectorPort)
  await inspector.call('Profiler.enable')
  await inspector.call('Profiler.setSamplingInterval', { interval: samplingMicroseconds })
  await inspector.call('Profiler.start')
  const result = await work()
  const { profile } = await inspector.call('Profiler.stop')
  await writeFile(file, JSON.stringify(profile))
  return result
}
