/**
 * Ends a process when the processes that started it have ended, even by `kill -9`, which no handler sees. Without this,
 * the runtime would outlive the terminal and keep the port.
 *
 * The sign is a new parent. It is there at once, while the old parent's id may still belong to a zombie process.
 */
import { readFileSync } from 'node:fs'

const CHECK_MS = 200

/** Calls `leave` once the parent or the grandparent has ended, and again every 200 ms until this process ends. */
export function whenOrphaned(leave: () => void): void {
  const initial = parents()
  setInterval(() => parents() !== initial && leave(), CHECK_MS).unref()
}

/** The parent and, where it can be read, the grandparent: npm may put a shell between itself and the script. */
function parents(): string {
  try {
    const stat = readFileSync(`/proc/${process.ppid}/stat`, 'utf8')
    return `${process.ppid} ${stat.slice(stat.lastIndexOf(')')).split(' ')[2]}`
  } catch {
    return String(process.ppid)
  }
}

// The development server and its child processes load this file through NODE_OPTIONS. Only the leader of their process
// group watches its parent, and ends the whole group.
if (process.env['CHARD_DEV_PID'] === String(process.ppid)) whenOrphaned(() => process.kill(0, 'SIGKILL'))
