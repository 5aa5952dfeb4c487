/**
 * Cleans up after the bench. This program's input closes when the bench ends for any reason, `kill -9` included. It then
 * kills every registered process group that has not ended, and removes the registered folders.
 *
 * Each line of its input is `+<group>` (started), `-<group>` (ended) or the path of a folder.
 */
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'

const groups = new Set<string>()
const folders = new Set<string>()
// Ctrl-C in a terminal signals the whole process group, and this program has to survive it to clean up.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line.startsWith('+')) groups.add(line.slice(1))
    else if (line.startsWith('-')) groups.delete(line.slice(1))
    else folders.add(line)
  })
  .on('close', () => {
    for (const group of groups) {
      try {
        process.kill(-Number(group), 'SIGKILL')
      } catch {
        // The group has already ended.
      }
    }
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
    process.exit()
  })
