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

/** Names that a task may have, those of every object's properties among them. */
const tasks = ['send', 'draw', 'send/onFailed', 'constructor', 'toString'] as const
const anyTask = fc.constantFrom(...tasks)
const anyState = fc.constantFrom(...jobStates)

/** What becomes of some jobs: each comes, changes its state and may go. */
const anyMoves = fc.array(
  fc.record({ task: anyTask, states: fc.array(anyState, { minLength: 1, maxLength: 4 }), goes: fc.boolean() }),
  { maxLength: 30 },
)
type Lives = typeof anyMoves extends fc.Arbitrary<infer T> ? T : never

function movesOf(lives: Lives): CountMove[] {
  return lives.flatMap(({ task, states, goes }) => [
    ...states.map((to, index) => ({ task, from: states[index - 1], to })),
    ...(goes ? [{ task, from: states.at(-1), to: undefined }] : []),
  ])
}

/** The jobs that are left. */
function left(lives: Lives): { task: string; state: JobState }[] {
  return lives.flatMap(({ task, states, goes }) => (goes ? [] : [{ task, state: states.at(-1) as JobState }]))
}

/** Only what is there: a task of which there is nothing may be named or not. */
function shown(counts: TaskCounts): string[] {
  return Object.entries(counts)
    .flatMap(([task, own]) =>
      jobStates.flatMap((state) => (own[state] === 0 ? [] : [`${task} ${state} ${own[state]}`])),
    )
    .sort()
}

function counted(jobs: readonly { task: string; state: JobState }[]): string[] {
  const names = [...new Set(jobs.map(({ task, state }) => `${task} ${state}`))]
  return names.map((name) => `${name} ${jobs.filter(({ task, state }) => `${task} ${state}` === name).length}`).sort()
}

describe('counts', () => {
  test('after any moves are the jobs that are there, whatever their tasks are called', () => {
    fc.assert(
      fc.property(anyMoves, (lives) => {
        const moved = movedCounts({}, movesOf(lives))
        expect(shown(moved)).toEqual(counted(left(lives)))
        expect(Object.keys(moved).sort()).toEqual([...new Set(left(lives).map(({ task }) => task))].sort())
        const above = new Counts()
        for (const move of movesOf(lives)) above.moveAbove(move)
        expect(shown(above.byTask())).toEqual(counted(left(lives)))
        expect(above.finishedAbove).toBe(left(lives).filter(({ state }) => isFinal(state)).length)
        for (const state of jobStates)
          expect(above.total()[state]).toBe(left(lives).filter((job) => job.state === state).length)
      }),
    )
  })

  test('that were found by a statement are the same as those that were followed', () => {
    fc.assert(
      fc.property(anyMoves, (lives) => {
        const rows = counted(left(lives)).map((line) => {
          const [task = '', state, n] = line.split(' ')
          return { task, state: state as JobState, n: Number(n) }
        })
        expect(shown(countsOf(rows))).toEqual(shown(movedCounts({}, movesOf(lives))))
      }),
    )
  })

  test('are the same wherever the mark is: what it passes goes from above it to below', () => {
    fc.assert(
      fc.property(anyMoves, anyMoves, (passed, others) => {
        const counts = new Counts()
        for (const move of movesOf([...passed, ...others])) counts.moveAbove(move)
        const before = shown(counts.byTask())
        const crossed = counted(left(passed)).map((line) => {
          const [task = '', state, n] = line.split(' ')
          return { task, state: state as JobState, n: Number(n) }
        })
        counts.removeCrossed(crossed)
        counts.below = addedCounts(counts.below, countsOf(crossed))
        expect(shown(counts.byTask())).toEqual(before)
        expect(shown(counts.below)).toEqual(counted(left(passed)))
        expect(counts.finishedAbove).toBe(left(others).filter(({ state }) => isFinal(state)).length)
      }),
    )
  })

  test('change nothing that they are made from', () => {
    const [one, other] = [movedCounts({}, [came('queued')]), movedCounts({}, [came('running')])]
    const before = JSON.stringify([one, other])
    movedCounts(one, [came('failed')])
    addedCounts(one, other)
    totalOf(one)
    expect(JSON.stringify([one, other])).toBe(before)
  })

  test('of every state start at nothing', () => {
    expect(Object.keys(noCounts())).toEqual([...jobStates])
    expect(new Set(Object.values(noCounts()))).toEqual(new Set([0]))
    expect(totalOf({})).toEqual(noCounts())
  })
})

function came(to: JobState): CountMove {
  return { task: 'send', from: undefined, to }
}
