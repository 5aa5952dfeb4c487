/** Prometheus' own parser of OpenMetrics: strict, as the format is. Debian's package python3-prometheus-client. */
import { spawnSync } from 'node:child_process'

export interface Family {
  readonly name: string
  readonly type: string
  readonly samples: readonly {
    readonly name: string
    readonly labels: Readonly<Record<string, string>>
    readonly value: number
  }[]
}

/** Debian's own Python: another one in the path does not see Debian's packages. */
const python = '/usr/bin/python3'

const program = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = text_string_to_metric_families(sys.stdin.read())
print(json.dumps([dict(name=f.name, type=f.type, samples=[dict(name=s.name, labels=s.labels, value=s.value) for s in f.samples]) for f in families]))
`

/** @throws with what the parser says; and when it is not installed, with how to get it */
export function parsed(text: string): Family[] {
  const { status, stdout, stderr } = spawnSync(python, ['-c', program], { input: text, encoding: 'utf8' })
  if (status === 0) return JSON.parse(stdout) as Family[]
  const hint =
    /ModuleNotFoundError/.test(stderr ?? '') || status === null ? ' (apt-get install python3-prometheus-client)' : ''
  throw new Error(`Prometheus' parser says${hint}: ${stderr?.trim().split('\n').at(-1)}`)
}
