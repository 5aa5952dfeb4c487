/** Installs the systems that Chard is compared with: Redis, Celery and FastAPI from Debian, BullMQ by the bench's lockfile. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const packages = ['redis-server', 'python3-celery', 'python3-fastapi', 'python3-uvicorn', 'python3-redis']
const policy = '/usr/sbin/policy-rc.d'

export function installPeers(): void {
  if (!existsSync(join(import.meta.dirname, 'node_modules'))) run('npm', ['ci', '--prefix', import.meta.dirname])
  const missing = packages.filter((name) => spawnSync('dpkg', ['-s', name], { stdio: 'ignore' }).status !== 0)
  if (missing.length === 0) return
  // The bench starts its own Redis. While this file exists, the installation starts no services.
  const isOurs = !existsSync(policy)
  if (isOurs) asRoot(['sh', '-c', `printf '#!/bin/sh\\nexit 101\\n' > ${policy} && chmod +x ${policy}`])
  try {
    asRoot(['apt-get', 'update'])
    asRoot(['apt-get', 'install', '--yes', '--no-install-recommends', ...missing])
  } finally {
    if (isOurs) asRoot(['rm', policy])
  }
}

function asRoot(command: readonly string[]): void {
  const [program = '', ...args] = process.getuid?.() === 0 ? command : ['sudo', ...command]
  run(program, args)
}

function run(program: string, args: readonly string[]): void {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${error ?? `exit code ${status}`}`)
}
