/** Prints `<passed> <failed>` for a report of Vitest's JSON reporter. A file that could not be loaded is a failure. */
import { readFileSync } from 'node:fs'

const { testResults } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))
let passed = 0
let failed = 0
for (const { status, assertionResults } of testResults) {
  const inFile = assertionResults.filter((/** @type {{ status: string }} */ test) => test.status === 'failed').length
  passed += assertionResults.filter((/** @type {{ status: string }} */ test) => test.status === 'passed').length
  failed += inFile === 0 && status === 'failed' ? 1 : inFile
}
console.log(passed, failed)
