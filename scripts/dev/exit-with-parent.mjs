/**
 * Ends a process when those that started it are gone, even by `kill -9`, which no handler sees. Without this the
 * runtime outlives the terminal and keeps the port.
 *
 * A new parent is the sign: it appears at once, while asking for the old one by its id would find a zombie alive.
 */
import { readFileSync } from 'node:fs'

const CHECK_MS = 200

/** @param {() => void} leave */
export function whenOrphaned(leave) {
  const started = parents()
  setInterval(() => parents() !== started && leave(), CHECK_MS).unref()
}

/** The parent, and where it can be read the grandparent: npm may put a shell between itself and the script. */
function parents() {
  try {
    const stat = readFileSync(`/proc/${process.ppid}/stat`, 'utf8')
    return `${process.ppid} ${stat.slice(stat.lastIndexOf(')')).split(' ')[2]}`
  } catch {
    return String(process.ppid)
  }
}

// Preloaded into the leader of the dev server's process group, and inherited by its children, who follow it.
if (process.env['CHARD_DEV_PID'] === String(process.ppid)) whenOrphaned(() => process.kill(0, 'SIGKILL'))
