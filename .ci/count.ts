/**
 * `node .ci/count.ts <report>`: prints `<passed> <failed>` for a report of Vitest's JSON reporter. A test file that
 * could not be loaded counts as one failure.
 */
import { readFileSync } from 'node:fs'

interface Report {
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly { readonly status: string }[]
  }[]
}

const { testResults }: Report = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))
let passed = 0
let failed = 0
for (const { status, assertionResults } of testResults) {
  const failedInFile = assertionResults.filter((test) => test.status === 'failed').length
  passed += assertionResults.filter((test) => test.status === 'passed').length
  failed += failedInFile === 0 && status === 'failed' ? 1 : failedInFile
}
console.log(passed, failed)
