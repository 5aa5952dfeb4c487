/** Formats the results of the cost bench: a table for the terminal, the arithmetic, and docs/cost.md. */
import { markdownTable } from '../markdown.ts'
import { type Bill, chardBill, dollars, elsewhere } from './bill.ts'
import { budgets, levels } from './budgets.ts'
import { capacityText } from './capacity-text.ts'
import { type JobCost, requestMs } from './counts.ts'
import { amazon, cloudflare, cost, planUsd, pricesAt, upstash } from './prices.ts'
import { costOf, type RealCounts, type Results } from './results.ts'

/** With eight shards, shard 0 is called twice a minute and the others once. */
const watchdogCallsAMonth = 9 * 60 * 24 * 30

/** The shapes that are the same work on other services, with which they are compared. */
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
      'shape',
      'rows written',
      'rows read',
      'object requests',
      'GB-s',
      'queue operations',
      'Worker requests',
      'cost of a million',
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
  const parts = lines
    .filter((line) => line.units > 0)
    .map(
      ({ units, price, usd: part }) =>
        `- ${figures(units)} ${price.unit} at $${price.usd} ${price.per === 1 ? 'each' : `per ${price.per.toLocaleString('en')}`}: ${dollars(part)}`,
    )
  return [`**${of}: ${dollars(usd)}** (${because})`, '', ...parts].join('\n')
}

/** The costs that have targets and budgets. */
const bounded = {
  rowsWritten: 'rows written',
  requests: 'object requests',
  queueOperations: 'queue operations',
  gbSeconds: 'GB-s',
} as const satisfies Partial<Record<keyof JobCost, string>>

function targetsTable(shapes: Results['shapes']): string {
  const kinds = Object.entries(bounded) as [keyof typeof bounded, string][]
  return markdownTable(
    ['per unit', 'target', 'counted', 'budget'],
    Object.entries(levels).flatMap(([name, level]) =>
      kinds.map(([kind, what]) => [
        `${name}: ${what}`,
        figures(level[kind]),
        figures(costOf(shapes, name)[kind]),
        figures(budgets[name]?.[kind] ?? Number.NaN),
      ]),
    ),
  )
}

function realTable({ real }: Results): string {
  const line = (what: string, { jobs, rowsWritten, alarmsSet, alarmsRung, calls, messages }: RealCounts) => [
    what,
    ...[rowsWritten, alarmsSet, calls, alarmsRung, messages].map((n) => figures(n / jobs)),
  ]
  return markdownTable(
    ['per job', 'rows written by statements', 'alarms set', 'calls', 'alarms rung', 'messages'],
    [
      line(`${real.alone.jobs} jobs, one at a time`, real.alone),
      line(`${figures(real.many.jobs)} jobs in batches`, real.many),
    ],
  )
}

function pricesTable(): string {
  const all = [cloudflare, amazon, upstash].flatMap((list) => Object.values(list))
  return markdownTable(
    ['unit', 'price', 'per', 'included per month'],
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
  return `# What a job costs

Generated by \`npm run bench:cost\`; do not edit by hand. [A test](../test/engine/cost/cost.test.ts) compares each shape of
work with a budget, so a change that raises a cost fails.

## Counts

The costs are per unit, which is a job, or a sign-up with its two jobs. They include the removal of the rows. The ledger
is in a steady state: it has done the same work one retention period before, and new jobs recycle the rows of the finished
ones. Rows that cannot be recycled, such as those of jobs with a key, are removed by the sweep, which is counted too.
\`plain, then nothing\` is the opposite case: a new ledger in which no jobs follow, so that every row is removed by itself.

${table}

Dollars are at list prices, without the amounts that plans include. The shapes
([shapes.ts](../bench/cost/shapes.ts)) are:

${markdownTable(
  ['shape', 'unit', 'work'],
  results.shapes.map(({ name, unit, what }) => [name, unit, what]),
)}

- **Rows** are counted by \`cursor.rowsWritten\` and \`rowsRead\` of a real object's SQLite in workerd. Each alarm that is set
  counts as one more row written, as the platform bills it. The engine's client, runner, dispatcher and core are the real
  ones. Time and latencies are virtual, so that a week takes a second and every run has the same counts.
- **Requests** are RPC calls and alarms. The watchdog calls each shard once a minute, and shard 0 twice. These calls are not
  counted as a job's: with eight shards they are ${figures(watchdogCallsAMonth)} requests a month, ${dollars(cost(cloudflare.objectRequests, watchdogCallsAMonth))}.
- **GB-s**: an object is billed by the wall clock for 128 MB [while it runs, or is idle and cannot
  hibernate](https://developers.cloudflare.com/durable-objects/platform/pricing/). While it is idle and able to hibernate, it
  is [not billed, even before it hibernates](https://developers.cloudflare.com/durable-objects/reference/faq/). So the time of
  calls, of timers and of \`waitUntil\` counts. A call to the queue is assumed to take the published median of 60 ms. Each request
  adds ${requestMs} ms for its CPU time and its write. The latter is an assumption, and deliberately high.
- **A sign-up** counts only the engine. Its rows in D1, its objects in R2 and its e-mails belong to the application.
- **CPU** is ${figures(results.real.cpuMsAJob)} ms per job: the CPU time in /proc of all local workerd processes, which includes the local platform,
  with handlers that do nothing.
- **A plain job alone** writes five rows: its own row when it is enqueued (in the place of a finished job), claimed and
  settled; the alarm that checks its wake-up; and the minute stats. The rest is its share of rows that are written for many
  jobs: the stored counts when the recyclable rows or the watermark move, and the watchdog's row once a day. Its four
  requests are the call that enqueues it, two syncs (one claims, one settles) and the alarm.
- **A long job** adds one heartbeat every ten seconds, and no other request. If the jobs of a task usually still run when the
  alarm would ring, the claim moves the alarm to the end of the lease, heartbeats move it further, and it rings once. Each
  move costs a row, and so does the extended lease once in half a lease. The first job of a task rings the alarm once more,
  because nothing is known of its duration.
- **A recycled row** is one row written: the \`rowsWritten\` of an \`UPDATE\` that changes the key is 1, as of any other
  \`UPDATE\`. That the bill follows this meter is an assumption, as for all rows.
- **A late wake-up** (\`late\`, two seconds) costs more: the ledger's alarm finds it unanswered, starts a runner itself and
  sends another wake-up.

## Confirmed on the local platform

The same engine with the real calls, alarms and queue of the local simulator, before the jobs are pruned.

${realTable(results)}

## Targets

${targetsTable(results.shapes)}

The tests compare the counts with the targets and with the budgets, and check that a long job adds only the requests of
its heartbeats.

## Beside others

A million units of the same work. The figures of other services are computed from list prices, not measured.

${beside}

Workers Paid costs $${planUsd} a month and includes: ${Object.values(cloudflare)
    .map(({ included, unit }) => `${included.toLocaleString('en')} ${unit}`)
    .join(', ')}.

## The arithmetic

${explained}

${capacityText(results)}

## Prices

The prices were last checked on ${pricesAt}, in excerpts of these pages. Amazon's are those of us-east-1.

${pricesTable()}
`
}
