/** What the bundler makes of imports that are not TypeScript, and of names it replaces. */

/** Also in worker-configuration.d.ts, which programs without the bindings leave out. */
declare module '*.sql' {
  const text: string
  export default text
}

declare module '*.wasm' {
  const module: WebAssembly.Module
  export default module
}

/** True only under `npm run dev`, which defines it on the command line; a deployed Worker never has it. */
declare const CHARD_LOCAL: boolean | undefined
