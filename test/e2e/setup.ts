/** What a server said explains why a test failed, and is gone with it. */
import { afterEach } from 'vitest'
import { runningServers } from './dev-server.ts'

afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return
  for (const { url, log } of runningServers) console.error(`${url} said:\n${log.slice(-4_000)}`)
})
