/** The lease: the timed, unguessable right to finish one attempt. What its token says, and how long it lasts. */

/** How long a lease lasts without a heartbeat, in milliseconds. A runner sends one every third of it. */
export const leaseMs = 30_000

/** `<runner>.<seq>.<random>`: unguessable, and it names the sync and the runner that it belongs to. */
export function leaseToken(runner: string, seq: number, random: () => number): string {
  return `${leasePrefix(runner, seq)}${Math.floor(random() * 2 ** 52).toString(36)}`
}

/** The beginning of the leases of one sync. */
export function leasePrefix(runner: string, seq: number): string {
  return `${runner}.${seq}.`
}

/** The runner that holds a lease, and the sync that made it. */
export function leaseParts(lease: string): { runner: string; seq: number } {
  const [runner = '', seq = '0'] = lease.split('.')
  return { runner, seq: Number(seq) }
}
