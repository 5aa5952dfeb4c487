/** Which seeds are runs of which kind. In a file of its own for programs that only pass seeds on. */

/** The share of runs that cut isolates off repeatedly, see `plan-silence.ts`. */
export const silentShare = 0.05
/** All seeds from here on are such runs. */
export const silentBase = 2 ** 40
