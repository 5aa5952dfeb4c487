// @ts-check
/**
 * The states of a job in the words of the sign-up page: one table. `unknown` is no state of the engine: the service has stopped
 * answering.
 */

/**
 * @typedef {object} Attempts
 * @property {number} [attempt]
 * @property {number} [maxAttempts]
 * @property {{ value: number, message?: string }} [progress]
 */

/**
 * @typedef {object} Facts
 * @property {(job: Attempts) => string} words
 * @property {true} [isFinal] Only a person could move it on.
 * @property {true} [isLost] No picture comes, as far as this page knows.
 */

/** @typedef {keyof typeof states} State */
/** @typedef {Attempts & { state: State }} JobView */

/** @satisfies {Record<string, Facts>} */
export const states = {
  scheduled: { words: () => 'Waiting for its time' },
  queued: { words: () => 'Waiting to be drawn' },
  running: { words: ({ progress }) => `Your picture: ${progress?.message ?? 'starting'}` },
  retrying: {
    words: ({ attempt, maxAttempts }) => `Attempt ${attempt} of ${maxAttempts} did not work. Trying again soon`,
  },
  completed: { words: () => 'Your picture is ready', isFinal: true },
  failed: { words: () => 'Your picture could not be drawn. Your account is fine', isFinal: true, isLost: true },
  cancelled: { words: () => 'The drawing was cancelled. Your account is fine', isFinal: true, isLost: true },
  unknown: { words: () => 'The service does not answer. The work goes on without this page', isLost: true },
}

/**
 * The service may be newer than a page that has been open for long, and know a state that is not in the table.
 *
 * @param {JobView['state']} state
 * @returns {Facts}
 */
export function factsOf(state) {
  return states[state] ?? { words: () => state }
}
