/**
 * Outlives the bench by a moment: when the bench is gone, however it ended, the other end of this program's input closes.
 * Then it kills every process group that it was told of and not told to have ended, and takes the folders away. A
 * `kill -9` of the bench is seen in the same way as its end.
 *
 * A line is `+<group>`, `-<group>` or the path of a folder.
 */
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'

const groups = new Set<string>()
const folders = new Set<string>()
// A terminal's Ctrl-C reaches whole groups; this program has to survive it to do its work.
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
        // It has ended by itself.
      }
    }
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
    process.exit()
  })
