/** What the bench has counted, as a table, as arithmetic, and as docs/cost.md. */
import { markdownTable } from '../markdown.ts'
import { type Bill, chardBill, dollars, elsewhere } from './bill.ts'
import { budgets, levels } from './budgets.ts'
import { capacityText } from './capacity-text.ts'
import { type Counts, type JobCost, requestMs } from './counts.ts'
import { amazon, cloudflare, planUsd, pricesAt, upstash } from './prices.ts'

export interface Counted {
  readonly name: string
  readonly counts: Counts
  readonly cost: JobCost
}

/** Jobs through the real Worker on the local platform, before they are pruned. */
export interface Real {
  readonly jobs: number
  readonly rowsWritten: number
  readonly alarmsSet: number
  readonly alarmsRung: number
  readonly calls: number
  readonly messages: number
}

export interface Results {
  readonly shapes: readonly Counted[]
  readonly real: {
    readonly alone: Real
    readonly many: Real
    /** CPU of the local workerd a job, by the batch: the Worker's and the local platform's. */
    readonly cpuMsAJob: number
  }
}

/** What is compared elsewhere: the shapes that are the same work there. */
const compared: Readonly<Record<string, { handlerMs: number; attempts: number; isBulk: boolean }>> = {
  plain: { handlerMs: 50, attempts: 1, isBulk: false },
  bulk: { handlerMs: 20, attempts: 1, isBulk: true },
  retry: { handlerMs: 50, attempts: 2, isBulk: false },
  '5 s': { handlerMs: 5_000, attempts: 1, isBulk: false },
  '10 min': { handlerMs: 600_000, attempts: 1, isBulk: false },
}

const figures = (value: number): string => {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value === 0 ? '0' : String(Number(value.toPrecision(3)))
}

export function report(results: Results): { table: string; explained: string; document: string } {
  const { shapes, real } = results
  const cpuMs = real.cpuMsAJob
  const bills = shapes.map(({ name, cost }) => ({ name, bill: chardBill(name, cost, cpuMs) }))
  const table = markdownTable(
    [
      'a unit of',
      'rows written',
      'rows read',
      'object requests',
      'GB-s',
      'queue operations',
      'Worker requests',
      'a million cost',
    ],
    shapes.map(({ name, cost }, index) => [
      name,
      figures(cost.rowsWritten),
      figures(cost.rowsRead),
      figures(cost.requests),
      figures(cost.gbSeconds),
      figures(cost.queueOperations),
      figures(cost.workerRequests),
      dollars(bills[index]?.bill.usd ?? 0),
    ]),
  )
  const comparison = Object.entries(compared).map(([name, job]) => ({
    name,
    bills: [...bills.filter((one) => one.name === name).map(({ bill }) => bill), ...elsewhere({ ...job, cpuMs })],
  }))
  const beside = markdownTable(
    ['a million of', 'Chard', 'Cloudflare Workflows', 'SQS + Lambda + DynamoDB', 'QStash, calling a Worker'],
    comparison.map(({ name, bills: all }) => [name, ...all.map(({ usd }) => dollars(usd))]),
  )
  const explained = comparison
    .map(({ name, bills: all }) => `### ${name}\n\n${all.map(explain).join('\n\n')}`)
    .join('\n\n')
  return { table: `${table}\n\n${beside}`, explained, document: documentOf(results, { table, beside, explained }) }
}

function explain({ of, lines, usd, because }: Bill): string {
  const sums = lines
    .filter((line) => line.units > 0)
    .map(
      ({ units, price, usd: part }) =>
        `- ${figures(units)} ${price.unit} at $${price.usd} for ${price.per === 1 ? 'one' : price.per.toLocaleString('en')}: ${dollars(part)}`,
    )
  return [`**${of}: ${dollars(usd)}** (${because})`, '', ...sums].join('\n')
}

function levelsOf(shapes: readonly Counted[]): string {
  const kinds = ['rowsWritten', 'requests', 'queueOperations', 'gbSeconds'] as const
  return markdownTable(
    ['', 'asked', 'counted', 'budget in the test'],
    Object.entries(levels).flatMap(([name, level]) =>
      kinds.map((kind) => [
        `${name}: ${{ rowsWritten: 'rows written', requests: 'object requests', queueOperations: 'queue operations', gbSeconds: 'GB-s' }[kind]}`,
        figures(level[kind]),
        figures(shapes.find((one) => one.name === name)?.cost[kind] ?? Number.NaN),
        figures(budgets[name]?.[kind] ?? Number.NaN),
      ]),
    ),
  )
}

function realOf({ real }: Results): string {
  const line = (what: string, { jobs, rowsWritten, alarmsSet, alarmsRung, calls, messages }: Real) => [
    what,
    ...[rowsWritten, alarmsSet, calls, alarmsRung, messages].map((n) => figures(n / jobs)),
  ]
  return markdownTable(
    ['a job, before it is pruned', 'rows of statements', 'alarms set', 'calls', 'alarms rung', 'messages'],
    [line(`${real.alone.jobs} alone`, real.alone), line(`${figures(real.many.jobs)} by 500`, real.many)],
  )
}

function pricesOf(): string {
  const all = [cloudflare, amazon, upstash].flatMap((list) => Object.values(list))
  return markdownTable(
    ['unit', 'price', 'for', 'included in a month'],
    all.map(({ unit, usd, per, included, source }) => [
      `[${unit}](${source})`,
      `$${usd}`,
      per.toLocaleString('en'),
      included.toLocaleString('en'),
    ]),
  )
}

function documentOf(
  results: Results,
  { table, beside, explained }: { table: string; beside: string; explained: string },
): string {
  return `# What it costs

Made by \`npm run bench:cost\`; not written by hand. What a shape costs is held against a budget by
[a test](../test/engine/cost/cost.test.ts): a change that raises it fails.

## Counted

For each job or sign-up, removal included. Shapes: [shapes.ts](../bench/cost/shapes.ts). A ledger goes on: it has done the same work a
retention before, and new jobs take over the rows of those. What they cannot take over, such as jobs with a key, is swept and
counted. \`plain, then nothing\` is the other extreme: a new ledger in which nothing follows, so that each row is removed by itself.

${table}

Dollars are at list prices, without what plans include.

- **Rows** are counted by \`cursor.rowsWritten\` and \`rowsRead\` of a real object's SQLite in workerd; an alarm that is set is
  a row more, as the platform bills it. The engine's client, runner, dispatcher and core are the real ones, in virtual time
  with virtual latencies, so that a week takes a second and a count is the same in every run.
- **Requests** are calls by RPC and alarms. The watchdog's two calls a minute and shard are not a job's: with eight shards
  ${figures(9 * 43_200)} requests a month, ${dollars((9 * 43_200 * cloudflare.objectRequests.usd) / cloudflare.objectRequests.per)}.
- **GB-s**: an object is billed by the wall clock for 128 MB [while it runs, or is idle and cannot hibernate](https://developers.cloudflare.com/durable-objects/platform/pricing/);
  idle and able to hibernate it is [not billed, even before it is hibernated](https://developers.cloudflare.com/durable-objects/reference/faq/).
  So what counts is: calls while they are answered, timers, and what \`waitUntil\` waits for; the call to the queue is taken as the
  published median of 60 ms, and each request as ${requestMs} ms on top for its CPU and its write. That is an assumption, and meant to be too much.
- **A sign-up** counts the engine alone: its rows in D1, its objects in R2 and its mail are the application's.
- **CPU** is ${figures(results.real.cpuMsAJob)} ms a job: all of the local workerd by /proc, the local platform's part included. Handlers that do nothing.
- **A plain job alone** writes five rows: its own when it is recorded (in the place of one that is over), claimed and settled; the
  alarm that looks after its wake-up; the sums of its minute. The rest is its share of what is written for many: the counts, when the
  tail and the mark move, and the watchdog's day. Its four requests are the call that enqueues, two syncs (one claims, one settles) and the alarm.
- **A long job** adds its beats, one in ten seconds, and no other request: where a task mostly runs on when the alarm would
  ring, the claim puts that alarm off to the end of the lease, and beats put it off further; it rings once. A row is paid for each time it is put off, and one a half lease
  for the extended lease. The first job of a task, of which nothing is known, has one ring more.
- **A row that is taken over** is one row: \`rowsWritten\` of an \`UPDATE\` that moves the key is 1, as of one that does not. The meter is the
  platform's; that the bill follows it is assumed, here as for every other row.
- A wake-up that takes two seconds (\`late\`) costs more: the ledger looks after it, starts a runner by itself and sends another.

## Confirmed on the local platform

The same engine through real calls, alarms and the queue of the local simulator.

${realOf(results)}

## Against what is asked

${levelsOf(results.shapes)}

The tests hold both what is asked and the budget, and that a long job adds the requests of its beats alone.

## Beside others

The same work, a million times. Their numbers are arithmetic on list prices, not measured.

${beside}

The paid plan of Workers is $${planUsd} a month and includes, of the above: ${Object.values(cloudflare)
    .map(({ included, unit }) => `${included.toLocaleString('en')} ${unit}`)
    .join(', ')}.

## The arithmetic

${explained}

${capacityText(results)}

## Prices

As last looked up on ${pricesAt}, by excerpts of these pages; Amazon's are of us-east-1.

${pricesOf()}
`
}
