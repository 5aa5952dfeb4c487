/** The HTTP client for all contenders. It reuses connections by Node's own agent, which has the least overhead. */
import { Agent, request } from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'

const timeoutMs = 60_000

export class Client {
  readonly url: string
  readonly #token: string | undefined
  readonly #agent: Agent

  /** @param keepAlive false for a server of several processes, which share connections among them, not requests */
  constructor(url: string, token?: string, keepAlive = true) {
    this.url = url
    this.#token = token
    const options = { keepAlive, maxSockets: 10_000 }
    this.#agent = url.startsWith('https:') ? new SecureAgent(options) : new Agent(options)
  }

  /** Sends a request and returns the JSON of the response. @throws unless the response is a success */
  send<T>(method: 'GET' | 'POST', path: string): Promise<T> {
    const url = new URL(path, this.url)
    const headers = this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }
    const options = { method, headers, agent: this.#agent, timeout: timeoutMs }
    return new Promise((resolve, reject) => {
      const sent = (url.protocol === 'https:' ? secureRequest : request)(url, options, (answer) => {
        let text = ''
        answer
          .setEncoding('utf8')
          .on('data', (part: string) => {
            text += part
          })
          .on('end', () => {
            const { statusCode = 0 } = answer
            if (statusCode < 300) resolve(JSON.parse(text) as T)
            else reject(new Error(`${method} ${path} answered ${statusCode}: ${text.slice(0, 300)}`))
          })
          .on('error', reject)
      })
      sent.on('error', (error: NodeJS.ErrnoException) => {
        // A server may close an idle connection just as it is used again, and a server that is too busy to read for five
        // seconds closes connections that it has not read from. The request is then repeated, as clients do, and its time
        // goes on. A POST may take effect twice, but its response is counted once.
        if (sent.reusedSocket && (method === 'GET' || error.code === 'ECONNRESET')) resolve(this.send(method, path))
        else reject(error)
      })
      sent.on('timeout', () =>
        sent.destroy(new Error(`${method} ${path} got no response within ${timeoutMs / 1_000} s`)),
      )
      sent.end()
    })
  }

  post<T = unknown>(path: string): Promise<T> {
    return this.send('POST', path)
  }

  get<T = unknown>(path: string): Promise<T> {
    return this.send('GET', path)
  }
}
