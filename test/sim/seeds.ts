/** Which seeds are runs of which kind. Apart from the plans, for programs that only pass seeds on. */

/** The share of runs that cut isolates off again and again, see `plan-silence.ts`. */
export const silentShare = 0.05
/** Seeds from here on are such runs, all of them: for what only they reach. */
export const silentBase = 2 ** 40
