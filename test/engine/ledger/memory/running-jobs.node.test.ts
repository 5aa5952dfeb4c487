import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type RunningJob, RunningJobs } from '../../../../src/engine/ledger/memory/running-jobs.ts'

const anyId = fc.nat(12).map((n) => `j${n}`)
const anyJob: fc.Arbitrary<RunningJob> = fc.record({
  id: anyId,
  task: fc.constantFrom('send', 'draw', 'constructor'),
  partition: fc.constantFrom('', 'p', 'q'),
  lease: fc.constantFrom('r.1.x', 'r.2.y', 'q.1.z'),
  leaseUntil: fc.nat(9),
  startedAt: fc.nat(9),
  due: fc.boolean(),
  cancelling: fc.boolean(),
})
const anyStep = fc.oneof(
  fc.record({ verb: fc.constant('set' as const), job: anyJob }),
  fc.record({ verb: fc.constant('delete' as const), id: anyId }),
)

describe('running jobs', () => {
  test('are found by their runner and counted by task and partition after any changes', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 80 }), (steps) => {
        const running = new RunningJobs()
        const model = new Map<string, RunningJob>()
        for (const step of steps) {
          if (step.verb === 'set') {
            running.set(step.job)
            model.set(step.job.id, step.job)
          } else {
            running.delete(step.id)
            model.delete(step.id)
          }
          const jobs = [...model.values()]
          expect(running.size).toBe(jobs.length)
          expect([...running.values()]).toHaveLength(jobs.length)
          for (const job of jobs) expect(running.get(job.id)).toEqual(job)
          for (const runner of ['r', 'q', 'p']) {
            const own = jobs.filter(({ lease }) => lease.startsWith(`${runner}.`))
            expect(new Set(running.of(runner))).toEqual(new Set(own))
          }
          for (const task of ['send', 'draw', 'constructor', 'unknown']) {
            expect(running.count(task)).toBe(jobs.filter((job) => job.task === task).length)
            for (const partition of ['p', 'q', 'r']) {
              const own = jobs.filter((job) => job.task === task && job.partition === partition)
              expect(running.count(task, partition)).toBe(own.length)
            }
          }
        }
      }),
      { numRuns: 200 },
    )
  })

  test('do not change when an unknown job is deleted', () => {
    const running = new RunningJobs()
    running.delete('j1')
    expect([running.has('j1'), running.get('j1'), running.size, running.count('send')]).toEqual([
      false,
      undefined,
      0,
      0,
    ])
  })
})
