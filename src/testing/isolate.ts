/** An isolate: one copy of the Worker's code in one version, and the invocations that run in it. */
import type { Service } from '../engine/service.ts'
import type { Machine, Skew, Surroundings } from './machine.ts'

/** The Worker as its modules have set it up. */
export interface Program {
  readonly service: Service
}

export interface IsolateOptions {
  readonly name: string
  readonly program: Program
  readonly around: Surroundings
  readonly bindings: object
  readonly skew?: Skew
}

export class Isolate {
  readonly name: string
  readonly program: Program
  readonly around: Surroundings
  readonly bindings: object
  readonly skew: Skew
  readonly invocations = new Set<Machine>()
  isDead = false

  constructor({ name, program, around, bindings, skew = { ms: 0 } }: IsolateOptions) {
    this.name = name
    this.program = program
    this.around = around
    this.bindings = bindings
    this.skew = skew
  }

  /** Ends this isolate without a warning, and every invocation in it. */
  die(): void {
    this.isDead = true
    for (const invocation of [...this.invocations]) invocation.die()
  }
}
