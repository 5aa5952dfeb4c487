/**
 * Whether this is the developer's own machine. Only `npm run dev` defines the constant, when it bundles, so no variable, secret,
 * header or host name can make a deployed Worker a local one.
 */
export const isLocal: boolean = typeof CHARD_LOCAL !== 'undefined' && CHARD_LOCAL === true
