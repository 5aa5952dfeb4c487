import { completed, failed, hourMs, type Rig, rejected } from './rig.ts'

/** A way to a job in each state, and to one that is scheduled and whose time has come. */
const ways: Record<string, (rig: Rig) => string> = {
  queued: (rig) => rig.enqueue(),
  scheduled: (rig) => rig.enqueue({ delayMs: hourMs }),
  'scheduled and due': (rig) => {
    const id = rig.enqueue({ delayMs: 1_000 })
    rig.pass(2_000)
    rig.core.load(rig.now)
    return id
  },
  running: (rig) => {
    rig.enqueue()
    return rig.claim().id
  },
  retrying: (rig) => {
    const id = rig.enqueue()
    rig.settle(rig.claim(), failed)
    return id
  },
  completed: (rig) => {
    const id = rig.enqueue()
    rig.settle(rig.claim(), completed)
    return id
  },
  failed: (rig) => {
    const id = rig.enqueue()
    rig.settle(rig.claim(), rejected)
    return id
  },
  cancelled: (rig) => {
    const id = rig.enqueue()
    rig.run('cancel', id)
    return id
  },
}

/** Makes a job in a state. @returns its id */
export function jobIn(rig: Rig, state: string): string {
  const make = ways[state]
  if (!make) throw new Error(`there is no way to a job that is ${state}`)
  return make(rig)
}
