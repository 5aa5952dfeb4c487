/** What the bundle has in place of a Worker's globals. Each asks the machine that the code runs on. */
import { machine } from './machine.ts'

export function virtualNow(): number {
  return machine().now()
}

export function virtualSetTimeout(callback: () => void, ms = 0): () => void {
  return machine().setTimer(ms, callback)
}

export function virtualClearTimeout(callOff: (() => void) | undefined): void {
  callOff?.()
}

export function virtualRandom(): number {
  return machine().around.random()
}

export function virtualRandomValues(values: Uint32Array): Uint32Array {
  for (let index = 0; index < values.length; index++) values[index] = Math.floor(machine().around.random() * 2 ** 32)
  return values
}

export function virtualLog(line: string): void {
  const { event, ...details } = JSON.parse(line) as { event: string }
  const here = machine()
  here.around.log(here, event, details)
}
