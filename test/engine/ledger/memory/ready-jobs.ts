/** Jobs, rooms and wants for the tests of the ready index. */
import type { Admission, ReadyJob, Want } from '../../../../src/engine/ledger/memory/ready-index.ts'

export function ready(id: string, more: Partial<ReadyJob> = {}): ReadyJob {
  return { id, task: 'send', partition: '', priority: 0, readyAt: 0, bytes: 1, solo: false, due: false, ...more }
}

/** Room by task (`send`) and by partition (`send p`). A name that is missing has no limit. */
export type Rooms = Readonly<Record<string, number>>

/** An admission that counts the jobs that are taken, as that of a claim does. */
export function admission(rooms: Rooms = {}): Admission {
  const left = new Map(Object.entries(rooms))
  const room = (name: string) => left.get(name) ?? Number.POSITIVE_INFINITY
  return {
    room,
    roomOf: (task, partition) => (partition === '' ? Number.POSITIVE_INFINITY : room(`${task} ${partition}`)),
    take(task, partition) {
      left.set(task, room(task) - 1)
      if (partition !== '') left.set(`${task} ${partition}`, room(`${task} ${partition}`) - 1)
    },
  }
}

/** What a claim of every job wants, with these changes. */
export function want({ rooms = {}, ...more }: Partial<Want> & { rooms?: Rooms } = {}): Want {
  return { accepts: () => true, admission: admission(rooms), count: 1_000, bytesMax: 1_000_000, ...more }
}

export function ids(jobs: Iterable<ReadyJob>): string[] {
  return [...jobs].map(({ id }) => id)
}
