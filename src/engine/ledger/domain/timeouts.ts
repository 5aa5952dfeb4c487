/** Times that several rooms of a ledger go by. */

/** How long a wake-up may stay unanswered before the alarm looks after the work that it was sent for. */
export const wakeUpTimeoutMs = 500
