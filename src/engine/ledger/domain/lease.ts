/** The lease: the timed, unguessable right to finish one attempt. What its token says, and how long it holds. */

/** How long a lease holds without a beat. A runner beats every third of it. */
export const leaseMs = 30_000

/** `<runner>.<seq>.<random>`: unguessable, and it says which sync of which runner it belongs to. */
export function leaseToken(runner: string, seq: number, random: () => number): string {
  return `${leasePrefix(runner, seq)}${Math.floor(random() * 2 ** 52).toString(36)}`
}

/** What the leases of one sync begin with. */
export function leasePrefix(runner: string, seq: number): string {
  return `${runner}.${seq}.`
}

/** Whose lease it is, and which sync made it. */
export function leaseParts(lease: string): { runner: string; seq: number } {
  const [runner = '', seq = '0'] = lease.split('.')
  return { runner, seq: Number(seq) }
}
