/** `cloudflare:workers` as this world has it: the same names, each bound to the machine that the code runs on. */
import { machine } from './machine.ts'

export class DurableObject {
  constructor(
    readonly ctx: unknown,
    readonly env: unknown,
  ) {}
}

export class WorkerEntrypoint {
  constructor(
    readonly ctx: unknown,
    readonly env: unknown,
  ) {}
}

export const env = new Proxy({}, { get: (_, name) => Reflect.get(machine().env, name) })
export const exports = new Proxy({}, { get: (_, name) => Reflect.get(machine().exports, name) })

export function waitUntil(promise: Promise<unknown>): void {
  machine().waitUntil(promise)
}
