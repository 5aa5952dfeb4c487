/** The machine, versions and settings of a run, without which its figures mean little. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { bullConcurrency, bullProcesses } from './contenders/bullmq.ts'
import { celeryConcurrency, enqueuerWorkers } from './contenders/celery.ts'
import { fastapiWorkers } from './contenders/fastapi.ts'

const root = join(import.meta.dirname, '..')

export function machine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    date: new Date().toISOString(),
  }
}

export function versions(): Record<string, string> {
  const modules = ['celery', 'fastapi', 'uvicorn', 'redis']
  const script = `import ${modules}; print(*[module.__version__ for module in [${modules}]])`
  const python = execFileSync('/usr/bin/python3', ['-c', script], { encoding: 'utf8' }).trim().split(' ')
  return {
    chard: `${versionIn('.')} at ${execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim()}`,
    workerd: versionIn('node_modules/workerd'),
    miniflare: versionIn('node_modules/miniflare'),
    bullmq: versionIn('bench/node_modules/bullmq'),
    ioredis: versionIn('bench/node_modules/ioredis'),
    'redis-server': /v=(\S+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown',
    ...Object.fromEntries(modules.map((name, index) => [`python ${name}`, python[index] ?? 'unknown'])),
  }
}

/** The settings of each contender, apart from those in files of their own. */
export function settings(shards: number): Record<string, string> {
  return {
    Chard: `${shards === 1 ? 'one ledger' : `${shards} ledgers`}, the engine's defaults, Durable Objects on disk, one isolate of workerd without a proxy`,
    Redis: 'appendonly yes, appendfsync everysec or always, maxmemory-policy noeviction',
    BullMQ: `${bullProcesses} worker process of concurrency ${bullConcurrency}, addBulk, finished jobs kept`,
    Celery: `prefork of ${celeryConcurrency}, acks_late, prefetch multiplier 128, results kept in Redis, no gossip, mingle or heartbeat; behind FastAPI on ${enqueuerWorkers} workers of Uvicorn where requests enqueue`,
    FastAPI: `BackgroundTasks of sync functions, ${fastapiWorkers} workers of Uvicorn`,
  }
}

function versionIn(folder: string): string {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).version
}
