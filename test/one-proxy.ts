/**
 * The test runtime puts the prototype of a class into one more Proxy for every instance that is made of it
 * (`createProxyPrototypeClass` in @cloudflare/vitest-pool-workers 0.23.0), each around the one before: after hundreds of
 * Durable Objects and requests every lookup went through hundreds of them, and that was most of what the tests took.
 * Around one that does the same another adds nothing, so the first is kept. To be dropped once the runtime does so itself.
 */
const Native = globalThis.Proxy
const kept = new WeakSet<object>()

function OneProxy<T extends object>(target: T, handler: ProxyHandler<T>): T {
  const isOfRuntime = String(handler.get).includes('getUnknownPrototypeKey')
  if (isOfRuntime && kept.has(target)) return target
  const proxy = new Native(target, handler)
  if (isOfRuntime) kept.add(proxy)
  return proxy
}

// Once an isolate, which many files share.
if (Native.name !== OneProxy.name) {
  globalThis.Proxy = Object.assign(OneProxy, { revocable: Native.revocable }) as unknown as ProxyConstructor
}
