/** Runs Python programs by the system's interpreter, which sees the Debian packages. Another one in the path might not. */
import { join } from 'node:path'
import { Group } from '../processes.ts'

const folder = join(import.meta.dirname, '../python')

export function python(name: string, args: readonly string[], env: NodeJS.ProcessEnv): Group {
  // Writes no caches beside the sources, and does not buffer output.
  const quiet = { PYTHONDONTWRITEBYTECODE: '1', PYTHONUNBUFFERED: '1', ...env }
  return new Group(name, { program: '/usr/bin/python3', args, env: quiet, cwd: folder })
}

/** Starts a Uvicorn server: https://www.uvicorn.org/settings/ */
export function uvicorn(app: string, port: number, workers: number, env: NodeJS.ProcessEnv): Group {
  const args = ['-m', 'uvicorn', app, '--host', '127.0.0.1', '--port', String(port), '--workers', String(workers)]
  return python('Uvicorn', [...args, '--log-level', 'warning'], env)
}
