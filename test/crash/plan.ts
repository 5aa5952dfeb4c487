/**
 * Which jobs are enqueued and when the server is killed, all from one seed. A replay has the same jobs and the same times, but not
 * the same interleaving, which depends on the machine.
 */
import { Chance } from '../../src/testing/chance.ts'
import type { Asked, Kind } from './shapes.ts'

export interface Request {
  readonly jobs: readonly Asked[]
  /** Sent twice at the same time, as an impatient client does. Its jobs have keys. */
  readonly twice: boolean
}

/** Of a hundred jobs. Most are short; a crash mostly finds the few long ones running. */
const mix: readonly (readonly [Kind, number])[] = [
  ['instant', 30],
  ['short', 20],
  ['second', 14],
  ['long', 5],
  ['flaky', 13],
  ['hopeless', 3],
  ['fragile', 3],
  ['parent', 6],
  ['background', 6],
]

/** How long the server lives before each kill. Now and then it is very short, so that recovery itself is interrupted. */
export function killMoments(seed: number, kills: number): number[] {
  const chance = new Chance(seed)
  return Array.from({ length: kills }, () =>
    Math.round(chance.random() < 0.2 ? chance.random() * 1_000 : 1_500 + chance.random() * 6_000),
  )
}

/** The requests of a run, one after the other, without an end. */
export function* requests(seed: number): Generator<Request, never> {
  const chance = new Chance(seed ^ 0x5f356495)
  let n = 0
  const keyed = () => ({ key: `key-${n}` })
  for (;;) {
    if (chance.random() < 0.08) {
      const kind = chance.random() < 0.5 ? 'instant' : 'short'
      const hasKeys = chance.random() < 0.5
      const size = 8 + Math.floor(chance.random() * 17)
      yield { jobs: Array.from({ length: size }, () => ({ n: ++n, kind, ...(hasKeys && keyed()) })), twice: false }
      continue
    }
    n++
    const kind = kindAt(chance.random() * 100)
    const isBackground = kind === 'background'
    const failures = isBackground ? 1 : 1 + Math.floor(chance.random() * 3)
    const hasKey = chance.random() < 0.4 && !isBackground
    const when = chance.random()
    const delayMs = Math.round(200 + chance.random() * 7_800)
    const job: Asked = {
      n,
      kind,
      ...((kind === 'flaky' || isBackground) && { failures }),
      ...(hasKey && keyed()),
      ...(!isBackground && when < 0.12 && { delayMs }),
      ...(!isBackground && when > 0.85 && { startNow: true }),
    }
    yield { jobs: [job], twice: hasKey && chance.random() < 0.2 }
  }
}

/** Background jobs for a server that is not killed, which must all run. */
export function calmBackground(count: number): Asked[] {
  return Array.from({ length: count }, (_, index) => ({ n: -1 - index, kind: 'background', failures: 1 }))
}

function kindAt(point: number): Kind {
  let left = point
  for (const [kind, share] of mix) {
    if (left < share) return kind
    left -= share
  }
  return 'instant'
}
