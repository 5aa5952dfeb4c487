import { expect, test } from 'vitest'
import type { Settlement } from '../../../src/engine/ledger/protocol/sync.ts'
import { Outbox } from '../../../src/engine/runner/outbox.ts'

const settlement = (id: string) => ({ id }) as Settlement

/** Sends the next sync, and returns its numbers and what it settles. */
function send(outbox: Outbox) {
  const { seq, ack, settle } = outbox.prepare()
  outbox.markSent(seq)
  return { seq, ack, ids: settle.map(({ id }) => id) }
}

test('an open sync is repeated by the next one until it is answered', () => {
  const outbox = new Outbox()
  outbox.add(settlement('a'))
  expect(send(outbox)).toEqual({ seq: 1, ack: 0, ids: ['a'] })
  outbox.add(settlement('b'))
  expect(send(outbox)).toEqual({ seq: 2, ack: 0, ids: ['a', 'b'] })
  outbox.markAnswered(1)
  expect(send(outbox)).toEqual({ seq: 3, ack: 1, ids: ['b'] })
  outbox.markAnswered(2)
  outbox.markAnswered(3)
  expect(send(outbox)).toEqual({ seq: 4, ack: 3, ids: [] })
})

test('what an unanswered sync was the first to settle is settled again, before what has ended since', () => {
  const outbox = new Outbox()
  outbox.add(settlement('a'))
  const { seq } = send(outbox)
  expect([outbox.hasUnsent, outbox.hasOpen]).toEqual([false, true])
  outbox.add(settlement('b'))
  outbox.takeBack(seq)
  expect([outbox.hasUnsent, outbox.hasOpen]).toEqual([true, false])
  expect(send(outbox)).toEqual({ seq: 2, ack: 1, ids: ['a', 'b'] })
})

test('a runner whose first sync was made for it begins with the second', () => {
  const outbox = new Outbox()
  outbox.skipFirst()
  outbox.skipFirst()
  expect(outbox.seq).toBe(1)
  expect(send(outbox)).toEqual({ seq: 2, ack: 1, ids: [] })
})
