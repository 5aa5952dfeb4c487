import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Demand, jobsPerWakeUp, WakeUps } from '../../../../src/engine/ledger/host/wake-ups.ts'

const now = 1_900_000_000_000
const demand = (more: Partial<Demand> = {}): Demand => ({ ready: 1, spare: 0, runnersFree: 8, ...more })

describe('plan', () => {
  test.each<[what: Partial<Demand>, sent: number, because: string]>([
    [{ ready: 0 }, 0, 'there is nothing to do'],
    [{ ready: 1 }, 1, 'one runner is needed'],
    [{ ready: jobsPerWakeUp }, 1, 'a new runner takes that many jobs'],
    [{ ready: jobsPerWakeUp + 1 }, 2, 'one more job needs one more runner'],
    [{ ready: 1_000 }, 8, 'no more than eight runners are free'],
    [{ ready: 1_000, runnersFree: 3 }, 3, 'no more than three runners are free'],
    [{ ready: 5, runnersFree: 0 }, 0, 'all runners are at work, and sync again by themselves'],
    [{ ready: 5, runnersFree: -2 }, 0, 'more runners are at work than there may be'],
    [{ ready: 5, spare: 5 }, 0, 'the runners at work will take the jobs'],
    [{ ready: 5, spare: 100 }, 0, 'the runners at work could take more jobs'],
    [{ ready: 15, spare: 5 }, 1, 'one more runner takes the other jobs'],
  ])('for %j sends %i wake-ups, because %s', (what, sent) => {
    const wakeUps = new WakeUps()
    expect(wakeUps.plan(now, demand(what))).toBe(sent)
    expect(wakeUps.unanswered).toBe(sent)
  })

  test('sends no wake-up again while the one it sent is unanswered', () => {
    const wakeUps = new WakeUps()
    expect([0, 1, 2].map((ms) => wakeUps.plan(now + ms, demand({ ready: 3 })))).toEqual([1, 0, 0])
    wakeUps.onRunner()
    expect(wakeUps.plan(now + 3, demand({ ready: 3 }))).toBe(1)
  })

  test('sets a check half a second later, and removes it when no job waits any more', () => {
    const wakeUps = new WakeUps()
    wakeUps.plan(now, demand())
    expect(wakeUps.checkAt).toBe(now + 500)
    wakeUps.plan(now + 100, demand({ ready: 0 }))
    expect(wakeUps.checkAt).toBeUndefined()
  })

  test('sets a check for ready jobs even when it sends no wake-up', () => {
    const wakeUps = new WakeUps()
    expect(wakeUps.plan(now, demand({ runnersFree: 0 }))).toBe(0)
    expect(wakeUps.checkAt).toBe(now + 500)
  })

  test('keeps no unanswered wake-up, and none below zero, when a runner comes without one', () => {
    const wakeUps = new WakeUps()
    wakeUps.onRunner()
    expect(wakeUps.unanswered).toBe(0)
  })
})

describe('check', () => {
  test('does nothing before its time or without a ready job', () => {
    const nothing = { send: 0, startRunner: false }
    const wakeUps = new WakeUps()
    expect(wakeUps.check(now, demand())).toEqual(nothing)
    wakeUps.plan(now, demand())
    expect(wakeUps.check(now + 499, demand())).toEqual(nothing)
    expect(wakeUps.check(now + 500, demand({ ready: 0 }))).toEqual(nothing)
  })

  test('starts a runner the first time, and also sends a wake-up each time after that', () => {
    const wakeUps = new WakeUps()
    wakeUps.plan(now, demand())
    const answers = [1, 2, 3].map(() => wakeUps.check(wakeUps.checkAt ?? 0, demand()))
    expect(answers).toEqual([
      { send: 0, startRunner: true },
      { send: 1, startRunner: true },
      { send: 1, startRunner: true },
    ])
  })

  test('starts no runner while all runners are at work, and sets the next check', () => {
    const wakeUps = new WakeUps()
    wakeUps.plan(now, demand({ runnersFree: 0 }))
    expect(wakeUps.check(now + 500, demand({ runnersFree: 0 }))).toEqual({ send: 0, startRunner: false })
    expect(wakeUps.checkAt).toBeGreaterThan(now + 500)
  })

  test('doubles the pause from half a second to five minutes while there is no progress', () => {
    const wakeUps = new WakeUps()
    wakeUps.plan(now, demand())
    let at = now
    const pauses = Array.from({ length: 14 }, () => {
      at = wakeUps.checkAt ?? 0
      wakeUps.check(at, demand())
      return (wakeUps.checkAt ?? 0) - at
    })
    expect(pauses).toEqual([
      500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000, 300_000, 300_000,
    ])
    expect(wakeUps.resent).toBe(14)
  })

  test('comes later after the queue has refused wake-ups, which do not count as unanswered', () => {
    const wakeUps = new WakeUps()
    const count = wakeUps.plan(now, demand({ ready: 100 }))
    wakeUps.onRefused(count, now)
    expect([wakeUps.unanswered, wakeUps.resent]).toEqual([0, 1])
    expect(wakeUps.plan(now + 1, demand({ ready: 100 }))).toBe(0)
    expect(wakeUps.check(now + 500, demand({ ready: 100 }))).toEqual({ send: 1, startRunner: true })
  })
})

describe('the pace of wake-ups', () => {
  const slow = () => {
    const wakeUps = new WakeUps()
    wakeUps.plan(now, demand())
    for (let count = 0; count < 6; count++) wakeUps.check(wakeUps.checkAt ?? 0, demand())
    return { wakeUps, at: (wakeUps.checkAt ?? 0) - 1 }
  }

  test('slows down when runners find no job that they can run', () => {
    const wakeUps = new WakeUps()
    wakeUps.plan(now, demand())
    const pauses = [1, 2, 3].map(() => {
      wakeUps.onRunner()
      wakeUps.onNoProgress(now)
      return [wakeUps.plan(now, demand()), (wakeUps.checkAt ?? 0) - now]
    })
    expect(pauses).toEqual([
      [0, 500],
      [0, 1_000],
      [0, 2_000],
    ])
  })

  test('allows no wake-up before the end of the pause while it is slow', () => {
    const { wakeUps, at } = slow()
    wakeUps.onRunner()
    expect(wakeUps.plan(at, demand())).toBe(0)
  })

  test('allows a wake-up for a new job at once, however slow it has become', () => {
    const { wakeUps, at } = slow()
    wakeUps.onRunner()
    wakeUps.onArrival()
    expect(wakeUps.plan(at, demand())).toBe(1)
    expect([wakeUps.resent, wakeUps.checkAt]).toEqual([0, at + 500])
  })

  test('returns to normal when a runner takes a job', () => {
    const { wakeUps, at } = slow()
    wakeUps.onRunner()
    wakeUps.onProgress()
    expect(wakeUps.plan(at, demand())).toBe(1)
  })

  test('is stored for the next activation only while it is slow', () => {
    const { wakeUps, at } = slow()
    expect(wakeUps.fact).toEqual({ resent: 6, checkAt: at + 1 })
    const reopened = new WakeUps(wakeUps.fact)
    expect(reopened.plan(at, demand())).toBe(0)
    reopened.check(at + 1, demand())
    expect(reopened.resent).toBe(7)
    expect(new WakeUps().fact).toBeUndefined()
    wakeUps.onArrival()
    expect(wakeUps.fact).toBeUndefined()
  })
})

test('after any events no more wake-ups are unanswered than runners are free, and ready jobs always have a check', () => {
  const step = fc.record({
    what: fc.constantFrom('plan', 'plan', 'check', 'onRunner', 'onArrival', 'onProgress', 'onNoProgress', 'onRefused'),
    pass: fc.nat(2_000),
    ready: fc.nat(200),
    spare: fc.nat(50),
    runnersFree: fc.integer({ min: -1, max: 8 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const wakeUps = new WakeUps()
      let at = now
      for (const { what, pass, ...demanded } of steps) {
        at += pass
        const before = wakeUps.unanswered
        if (what === 'plan') {
          const sent = wakeUps.plan(at, demanded)
          expect(sent).toBeGreaterThanOrEqual(0)
          expect(sent).toBeLessThanOrEqual(Math.max(0, demanded.runnersFree - before))
          if (demanded.ready === 0) expect(sent).toBe(0)
          else expect(wakeUps.checkAt).toBeDefined()
          if (demanded.ready > 0 && (wakeUps.checkAt ?? 0) > at)
            expect((wakeUps.checkAt ?? 0) - at).toBeLessThanOrEqual(300_000)
        }
        if (what === 'check') {
          const { send, startRunner } = wakeUps.check(at, demanded)
          expect(send).toBeLessThanOrEqual(Math.max(0, Math.min(1, demanded.runnersFree)))
          if (startRunner) expect(demanded.runnersFree).toBeGreaterThan(0)
          if (startRunner) expect(wakeUps.checkAt).toBeGreaterThanOrEqual(at + 500)
        }
        if (what === 'onRunner' || what === 'onArrival' || what === 'onProgress') wakeUps[what]()
        if (what === 'onNoProgress') wakeUps.onNoProgress(at)
        if (what === 'onRefused') wakeUps.onRefused(1, at)
        expect(wakeUps.unanswered).toBeGreaterThanOrEqual(0)
      }
    }),
  )
})
