/** What a run has found, as it is printed and as it is kept for people to read. */
import type { machine } from './machine.ts'
import { type MeasureResult, summaryOf, tableOf } from './results.ts'

/** As `bench/results.json` has it. */
export interface Run {
  readonly machine: ReturnType<typeof machine>
  readonly versions: Readonly<Record<string, string>>
  readonly settings: Readonly<Record<string, string>>
  readonly rounds: number
  readonly results: readonly MeasureResult[]
}

/** What the figures are, in a line. */
export function captionOf({ machine: { cores }, rounds }: Run): string {
  return `One machine (${cores} cores), everything on it, medians of ${rounds} rounds; production adds the network`
}

/** Two tables, what was measured, where and with what. */
export function reportOf(run: Run): string {
  const { cpu, cores, memoryGiB, node, date } = run.machine
  const said = { ...run.versions, ...run.settings }
  return [
    summaryOf(run.results),
    tableOf(run.results),
    ...run.results.map(
      ({ name, title, about, rounds, at }) => `- **${name}**: ${title}. ${about}. Rounds: ${rounds}, ${at}.`,
    ),
    `${cpu}, ${cores} cores, ${memoryGiB} GiB, Node ${node}, ${date}.`,
    Object.entries(said)
      .map(([name, value]) => `- ${name}: ${value}`)
      .join('\n'),
  ].join('\n\n')
}

/** The run as a page. */
export function pageOf(run: Run): string {
  return `# Chard beside BullMQ, Celery and FastAPI

Made by \`npm run bench\`; not written by hand. ${captionOf(run)}. Each round runs every contender once, so that a noisy
machine hits all alike: read the ratios.

![The same as bars](bench.svg)

${reportOf(run)}
`
}
