/**
 * Outlives the bench by a moment: when the bench is gone, however it ended, the other end of this program's input closes,
 * and it kills every process group that it was told of. `kill -9` of the bench is seen in the same way as its end.
 */
import { createInterface } from 'node:readline'

const groups = new Set<number>()
// A terminal's Ctrl-C reaches the whole group; this program has to survive it to do its work.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

createInterface({ input: process.stdin })
  .on('line', (line) => groups.add(Number(line)))
  .on('close', () => {
    for (const group of groups) {
      try {
        process.kill(-group, 'SIGKILL')
      } catch {
        // It has ended by itself.
      }
    }
    process.exit()
  })
