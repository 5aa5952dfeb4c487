/** The client of every contender that is asked by HTTP: keeps its connections, over Node's own agent, which costs least. */
import { Agent, request } from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'

const timeoutMs = 60_000

export class Client {
  readonly url: string
  readonly #token: string | undefined
  readonly #agent: Agent

  /** @param keepAlive false for a server of several processes: those that listen together share connections, not requests */
  constructor(url: string, token?: string, keepAlive = true) {
    this.url = url
    this.#token = token
    const options = { keepAlive, maxSockets: 10_000 }
    this.#agent = url.startsWith('https:') ? new SecureAgent(options) : new Agent(options)
  }

  /** @throws when the answer is not a success, with what it said */
  ask<T>(method: 'GET' | 'POST', path: string): Promise<T> {
    const url = new URL(path, this.url)
    const headers = this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }
    const options = { method, headers, agent: this.#agent, timeout: timeoutMs }
    return new Promise((resolve, reject) => {
      const asked = (url.protocol === 'https:' ? secureRequest : request)(url, options, (answer) => {
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
      asked.on('error', (error: NodeJS.ErrnoException) => {
        // A kept connection may be closed by the server in the moment it is used again; and one that is too busy to read
        // for five seconds closes those that it has not read. Asked again, as clients do, and the time goes on: a POST may
        // take effect twice, but is answered, and counted, once.
        if (asked.reusedSocket && (method === 'GET' || error.code === 'ECONNRESET')) resolve(this.ask(method, path))
        else reject(error)
      })
      asked.on('timeout', () => asked.destroy(new Error(`${method} ${path} was not answered`)))
      asked.end()
    })
  }

  post<T = unknown>(path: string): Promise<T> {
    return this.ask('POST', path)
  }

  get<T = unknown>(path: string): Promise<T> {
    return this.ask('GET', path)
  }
}
