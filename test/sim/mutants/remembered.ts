/**
 * The seed that found each planted bug before, by the bug's name. A run over a range of seeds begins with the remembered
 * one if it lies in that range, and is done after a single world if the bug is found there. If it is not, because the
 * engine or the simulator has changed, the run searches the whole range. So the remembered seeds make a run shorter, and
 * never decide it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mutants } from './mutants.ts'

const file = join(import.meta.dirname, 'remembered.json')

export type Remembered = Readonly<Record<string, number>>

export function remembered(): Remembered {
  return JSON.parse(readFileSync(file, 'utf8')) as Remembered
}

/** Adds these seeds to the remembered ones, and drops those of bugs that are no longer planted. */
export function remember(found: Remembered): void {
  const all = { ...remembered(), ...found }
  const kept = mutants.flatMap(({ name }) => (all[name] === undefined ? [] : [[name, all[name]] as const]))
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`)
}
