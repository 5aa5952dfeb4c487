/** The interpreter of the Debian packages. An own one earlier in the path would not see them. */
import { join } from 'node:path'
import { Group } from '../processes.ts'

const folder = join(import.meta.dirname, '../python')

export function python(name: string, args: readonly string[], env: NodeJS.ProcessEnv): Group {
  // No caches beside the sources, and no waiting of what is printed in a buffer.
  const quiet = { PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1', ...env }
  return new Group(name, { program: '/usr/bin/python3', args, env: quiet, cwd: folder })
}

/** A server of Uvicorn: https://www.uvicorn.org/settings/ */
export function uvicorn(app: string, port: number, workers: number, env: NodeJS.ProcessEnv): Group {
  const args = ['-m', 'uvicorn', app, '--host', '127.0.0.1', '--port', String(port), '--workers', String(workers)]
  return python('Uvicorn', [...args, '--log-level', 'warning'], env)
}
