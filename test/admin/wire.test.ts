/** The dashboard declares by itself what it reads, in wire.ts; here the compiler holds that to the API's routes. */

import type { Hono } from 'hono'
import { expect, test } from 'vitest'
import type { admin } from '../../src/admin/index.ts'
import type { Answers } from '../../src/admin/page/api/wire.ts'

type Routes = ReturnType<typeof admin> extends Hono<infer _Env, infer Schema, infer _Base> ? Schema : never

/** What a GET of this route under `/api` answers with status 200; never, where the API has no such route. */
type SentBy<Path extends string> = Routes extends { [Route in `/api${Path}`]: { $get: infer Answer } }
  ? Extract<Answer, { status: 200 }> extends { output: infer Sent }
    ? Sent
    : never
  : never

/** True when what is sent is what is read. */
type Reads<Sent, Read> = [Sent] extends [never] ? false : [Sent] extends [Read] ? true : false

/** Does not compile when one of them is false. */
type AllHeld<Held extends Record<keyof Answers, true>> = Held
type Held = AllHeld<{ [Path in keyof Answers]: Reads<SentBy<Path>, Answers[Path]> }>

test('what the API sends is what the dashboard reads', () => {
  const held: Held | undefined = undefined
  expect(held).toBeUndefined()
})
