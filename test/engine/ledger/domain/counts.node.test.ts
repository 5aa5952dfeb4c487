import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addedCounts,
  type CountMove,
  Counts,
  countsOf,
  movedCounts,
  noCounts,
  type TaskCounts,
  totalOf,
} from '../../../../src/engine/ledger/domain/counts.ts'
import { isFinal, type JobState, jobStates } from '../../../../src/engine/task/job.ts'

/** Names that a task may have. Some are names of properties that every object has. */
const tasks = ['send', 'draw', 'send/onFailed', 'constructor', 'toString'] as const
const anyTask = fc.constantFrom(...tasks)
const anyState = fc.constantFrom(...jobStates)

/** The lives of some jobs: each job is added, changes its state, and may be removed. */
const anyMoves = fc.array(
  fc.record({ task: anyTask, states: fc.array(anyState, { minLength: 1, maxLength: 4 }), isRemoved: fc.boolean() }),
  { maxLength: 30 },
)
type Lives = typeof anyMoves extends fc.Arbitrary<infer T> ? T : never

function movesOf(lives: Lives): CountMove[] {
  return lives.flatMap(({ task, states, isRemoved }) => [
    ...states.map((to, index) => ({ task, from: states[index - 1], to })),
    ...(isRemoved ? [{ task, from: states.at(-1), to: undefined }] : []),
  ])
}

/** The jobs that are left at the end. */
function remaining(lives: Lives): { task: string; state: JobState }[] {
  return lives.flatMap(({ task, states, isRemoved }) => (isRemoved ? [] : [{ task, state: states.at(-1) as JobState }]))
}

/** The counts that are not zero, one line each. A task without jobs may be listed in the counts or not. */
function linesOf(counts: TaskCounts): string[] {
  return Object.entries(counts)
    .flatMap(([task, own]) =>
      jobStates.flatMap((state) => (own[state] === 0 ? [] : [`${task} ${state} ${own[state]}`])),
    )
    .sort()
}

/** The same lines, countedLines from the jobs themselves. */
function countedLines(jobs: readonly { task: string; state: JobState }[]): string[] {
  const names = [...new Set(jobs.map(({ task, state }) => `${task} ${state}`))]
  return names.map((name) => `${name} ${jobs.filter(({ task, state }) => `${task} ${state}` === name).length}`).sort()
}

describe('counts', () => {
  test('agree with the jobs that are left after any moves, whatever the names of the tasks', () => {
    fc.assert(
      fc.property(anyMoves, (lives) => {
        const moved = movedCounts({}, movesOf(lives))
        expect(linesOf(moved)).toEqual(countedLines(remaining(lives)))
        expect(Object.keys(moved).sort()).toEqual([...new Set(remaining(lives).map(({ task }) => task))].sort())
        const above = new Counts()
        for (const move of movesOf(lives)) above.moveAbove(move)
        expect(linesOf(above.byTask())).toEqual(countedLines(remaining(lives)))
        expect(above.finishedAbove).toBe(remaining(lives).filter(({ state }) => isFinal(state)).length)
        for (const state of jobStates)
          expect(above.total()[state]).toBe(remaining(lives).filter((job) => job.state === state).length)
      }),
    )
  })

  test('that a statement has found equal those that followed every move', () => {
    fc.assert(
      fc.property(anyMoves, (lives) => {
        const rows = countedLines(remaining(lives)).map((line) => {
          const [task = '', state, n] = line.split(' ')
          return { task, state: state as JobState, n: Number(n) }
        })
        expect(linesOf(countsOf(rows))).toEqual(linesOf(movedCounts({}, movesOf(lives))))
      }),
    )
  })

  test('do not change when the watermark moves: the jobs that it passes move from above to below', () => {
    fc.assert(
      fc.property(anyMoves, anyMoves, (passed, others) => {
        const counts = new Counts()
        for (const move of movesOf([...passed, ...others])) counts.moveAbove(move)
        const before = linesOf(counts.byTask())
        const crossed = countedLines(remaining(passed)).map((line) => {
          const [task = '', state, n] = line.split(' ')
          return { task, state: state as JobState, n: Number(n) }
        })
        counts.removeCrossed(crossed)
        counts.below = addedCounts(counts.below, countsOf(crossed))
        expect(linesOf(counts.byTask())).toEqual(before)
        expect(linesOf(counts.below)).toEqual(countedLines(remaining(passed)))
        expect(counts.finishedAbove).toBe(remaining(others).filter(({ state }) => isFinal(state)).length)
      }),
    )
  })

  test('are made without a change to the counts that they are made from', () => {
    const [one, other] = [movedCounts({}, [added('queued')]), movedCounts({}, [added('running')])]
    const before = JSON.stringify([one, other])
    movedCounts(one, [added('failed')])
    addedCounts(one, other)
    totalOf(one)
    expect(JSON.stringify([one, other])).toBe(before)
  })

  test('of every state start at zero', () => {
    expect(Object.keys(noCounts())).toEqual([...jobStates])
    expect(new Set(Object.values(noCounts()))).toEqual(new Set([0]))
    expect(totalOf({})).toEqual(noCounts())
  })
})

function added(to: JobState): CountMove {
  return { task: 'send', from: undefined, to }
}
