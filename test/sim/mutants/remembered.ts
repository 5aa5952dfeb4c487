/**
 * Worlds in which a planted bug was found before, by its name. A run that looks through a range of seeds begins with the
 * remembered one, where it lies in that range: found there is found within the range, at the cost of one world. Where it
 * finds nothing any more, since the engine or the simulator has changed, the whole range is looked through as ever. So
 * what is remembered shortens a run, and never decides it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mutants } from './mutants.ts'

const file = join(import.meta.dirname, 'remembered.json')

export type Remembered = Readonly<Record<string, number>>

export function remembered(): Remembered {
  return JSON.parse(readFileSync(file, 'utf8')) as Remembered
}

/** Writes these seeds down beside those that are remembered already, without bugs that are no longer planted. */
export function remember(found: Remembered): void {
  const all = { ...remembered(), ...found }
  const kept = mutants.flatMap(({ name }) => (all[name] === undefined ? [] : [[name, all[name]] as const]))
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`)
}
