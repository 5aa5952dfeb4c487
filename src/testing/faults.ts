/** The errors that the platform itself throws at callers of a Durable Object. */

export function connectionLost(): Error {
  return Object.assign(new Error('Network connection lost.'), { retryable: true })
}

export function superseded(): Error {
  return new Error('Durable Object reset because its code was updated.')
}

export function overloaded(): Error {
  return Object.assign(new Error('Durable Object is overloaded. Too many requests queued.'), { overloaded: true })
}

export function memoryExceeded(): Error {
  return new Error("Durable Object's isolate exceeded its memory limit and was reset.")
}
