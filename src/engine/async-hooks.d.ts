/** The part of Node's module that workerd has and the engine uses. workers-types does not declare it. */
declare module 'node:async_hooks' {
  export class AsyncLocalStorage<T> {
    getStore(): T | undefined
    run<R>(store: T, work: () => R): R
  }
}
