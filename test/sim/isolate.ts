/** An isolate of the simulated deployment: it runs one of two releases, and may be cut off from every ledger for a while. */
import type { Activation } from '../../src/testing/activation.ts'
import type { Invocation } from '../../src/testing/invocation.ts'
import { Isolate, type IsolateOptions } from '../../src/testing/isolate.ts'
import type { Machine } from '../../src/testing/machine.ts'
import type { SimProgram, Version } from './program.ts'

export interface SimIsolateOptions extends IsolateOptions {
  readonly program: SimProgram
  readonly version: Version
  /** True when its requests lack the fields that were added since its release. */
  readonly speaksOld: boolean
}

export class SimIsolate extends Isolate {
  override readonly program: SimProgram
  readonly version: Version
  readonly speaksOld: boolean
  /** None of its calls arrives before this time. */
  silentUntil = 0

  constructor(options: SimIsolateOptions) {
    super(options)
    this.program = options.program
    this.version = options.version
    this.speaksOld = options.speaksOld
  }
}

/** The isolate that a machine of the simulated deployment belongs to. */
export function isolateOf(machine: Machine): SimIsolate {
  return (machine as Invocation | Activation).isolate as SimIsolate
}
