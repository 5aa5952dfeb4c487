import { describe, expect, test } from 'vitest'
import { Clock } from '../../src/testing/clock.ts'

describe('clock', () => {
  test('timers ring in the order of their times, and timers of one time in the order in which they were set', async () => {
    const clock = new Clock()
    const rung: string[] = []
    clock.ring(clock.now + 20, () => rung.push('late'), 'test')
    clock.ring(clock.now + 10, () => rung.push('first'), 'test')
    clock.ring(clock.now + 10, () => rung.push('second'), 'test')
    await clock.advance(20)
    expect(rung).toEqual(['first', 'second', 'late'])
  })

  test('all promises that a timer has started settle before the next timer rings', async () => {
    const clock = new Clock()
    const seen: string[] = []
    const work = async () => {
      for (let step = 0; step < 100; step++) await Promise.resolve()
      seen.push('work')
    }
    clock.ring(clock.now + 1, () => void work(), 'test')
    clock.ring(clock.now + 1, () => seen.push('next'), 'test')
    await clock.advance(1)
    expect(seen).toEqual(['work', 'next'])
  })

  test('a cancelled timer does not ring and is not pending', async () => {
    const clock = new Clock()
    let isRung = false
    const cancel = clock.ring(
      clock.now + 1,
      () => {
        isRung = true
      },
      'test',
    )
    cancel()
    expect(clock.pending()).toBe(0)
    await clock.advance(2)
    expect(isRung).toBe(false)
  })

  test('waiting for something that cannot happen is an error', async () => {
    await expect(new Clock().until(new Promise(() => {}))).rejects.toThrow('stands still')
  })
})
