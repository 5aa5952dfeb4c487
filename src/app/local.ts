/**
 * Whether this is the developer's own machine. The constant is put in by `npm run dev` when it bundles, and by nothing
 * else: no variable, secret, header or host name can make a deployed Worker take itself for a local one.
 */
export const isLocal: boolean = typeof CHARD_LOCAL !== 'undefined' && CHARD_LOCAL === true
