import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Demand, jobsPerWakeUp, WakeUps } from '../../../../src/engine/ledger/host/wake-ups.ts'

const now = 1_900_000_000_000
const demand = (more: Partial<Demand> = {}): Demand => ({ ready: 1, spare: 0, runnersFree: 8, ...more })

describe('plan', () => {
  test.each<[what: Partial<Demand>, sent: number, because: string]>([
    [{ ready: 0 }, 0, 'there is nothing to do'],
    [{ ready: 1 }, 1, 'somebody must come'],
    [{ ready: jobsPerWakeUp }, 1, 'a fresh runner takes that many'],
    [{ ready: jobsPerWakeUp + 1 }, 2, 'one more needs one more'],
    [{ ready: 1_000 }, 8, 'there may be no more runners'],
    [{ ready: 1_000, runnersFree: 3 }, 3, 'there may be no more runners'],
    [{ ready: 5, runnersFree: 0 }, 0, 'all runners are at work, and come back by themselves'],
    [{ ready: 5, runnersFree: -2 }, 0, 'more are at work than are wanted'],
    [{ ready: 5, spare: 5 }, 0, 'those who are there will take them'],
    [{ ready: 5, spare: 100 }, 0, 'those who are there would take more'],
    [{ ready: 15, spare: 5 }, 1, 'one takes what is left'],
  ])('%j sends %i, because %s', (what, sent) => {
    const wakeUps = new WakeUps()
    expect(wakeUps.plan(now, demand(what))).toBe(sent)
    expect(wakeUps.unanswered).toBe(sent)
  })

  test('sends nothing again while what it sent is out', () => {
    const wakeUps = new WakeUps()
    expect([0, 1, 2].map((ms) => wakeUps.plan(now + ms, demand({ ready: 3 })))).toEqual([1, 0, 0])
    wakeUps.onRunner()
    expect(wakeUps.plan(now + 3, demand({ ready: 3 }))).toBe(1)
  })

  test('looks after what it sent half a second later, and forgets to when nothing waits any more', () => {
    const wakeUps = new WakeUps()
    wakeUps.plan(now, demand())
    expect(wakeUps.checkAt).toBe(now + 500)
    wakeUps.plan(now + 100, demand({ ready: 0 }))
    expect(wakeUps.checkAt).toBeUndefined()
  })

  test('looks after ready work although it sent nothing for it', () => {
    const wakeUps = new WakeUps()
    expect(wakeUps.plan(now, demand({ runnersFree: 0 }))).toBe(0)
    expect(wakeUps.checkAt).toBe(now + 500)
  })

  test('a runner that nobody called takes nothing off what is out', () => {
    const wakeUps = new WakeUps()
    wakeUps.onRunner()
    expect(wakeUps.unanswered).toBe(0)
  })
})

describe('check', () => {
  test('before its time, or with nothing to do, does nothing', () => {
    const nothing = { send: 0, startRunner: false }
    const wakeUps = new WakeUps()
    expect(wakeUps.check(now, demand())).toEqual(nothing)
    wakeUps.plan(now, demand())
    expect(wakeUps.check(now + 499, demand())).toEqual(nothing)
    expect(wakeUps.check(now + 500, demand({ ready: 0 }))).toEqual(nothing)
  })

  test('first answers its own wake-up, then sends another each time', () => {
    const wakeUps = new WakeUps()
    wakeUps.plan(now, demand())
    const answers = [1, 2, 3].map(() => wakeUps.check(wakeUps.checkAt ?? 0, demand()))
    expect(answers).toEqual([
      { send: 0, startRunner: true },
      { send: 1, startRunner: true },
      { send: 1, startRunner: true },
    ])
  })

  test('with every runner at work starts none, and looks again later', () => {
    const wakeUps = new WakeUps()
    wakeUps.plan(now, demand({ runnersFree: 0 }))
    expect(wakeUps.check(now + 500, demand({ runnersFree: 0 }))).toEqual({ send: 0, startRunner: false })
    expect(wakeUps.checkAt).toBeGreaterThan(now + 500)
  })

  test('without progress the pauses double from half a second to five minutes', () => {
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

  test('the queue that refuses slows down as well, and what it refused is not out', () => {
    const wakeUps = new WakeUps()
    const count = wakeUps.plan(now, demand({ ready: 100 }))
    wakeUps.onRefused(count, now)
    expect([wakeUps.unanswered, wakeUps.resent]).toEqual([0, 1])
    expect(wakeUps.plan(now + 1, demand({ ready: 100 }))).toBe(0)
    expect(wakeUps.check(now + 500, demand({ ready: 100 }))).toEqual({ send: 1, startRunner: true })
  })
})

describe('progress', () => {
  const slow = () => {
    const wakeUps = new WakeUps()
    wakeUps.plan(now, demand())
    for (let count = 0; count < 6; count++) wakeUps.check(wakeUps.checkAt ?? 0, demand())
    return { wakeUps, at: (wakeUps.checkAt ?? 0) - 1 }
  }

  test('runners that find nothing they can do slow it down', () => {
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

  test('while it is slow nothing is sent before the pause is over', () => {
    const { wakeUps, at } = slow()
    wakeUps.onRunner()
    expect(wakeUps.plan(at, demand())).toBe(0)
  })

  test('new work is worth a wake-up of its own, however slow the old ones have become', () => {
    const { wakeUps, at } = slow()
    wakeUps.onRunner()
    wakeUps.onArrival()
    expect(wakeUps.plan(at, demand())).toBe(1)
    expect([wakeUps.resent, wakeUps.checkAt]).toEqual([0, at + 500])
  })

  test('a runner that takes work ends the slowness', () => {
    const { wakeUps, at } = slow()
    wakeUps.onRunner()
    wakeUps.onProgress()
    expect(wakeUps.plan(at, demand())).toBe(1)
  })

  test('what is slow is remembered through a restart, what goes well is not', () => {
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

test('whatever happens, no more wake-ups are out than runners are free, and ready work is always looked after', () => {
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
