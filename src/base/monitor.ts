/** Counters that work increments once per batch and a progress line reads now and then. Plain numbers: nothing is called. */
export type Monitor = {
  /** What is being done: `scan`, `apply`, `commit` and so on. */
  phase: string
  entries: number
  /** Bytes of contents, not of the stream. */
  bytes: number
  /** Where it is known beforehand; 0 otherwise. */
  entriesTotal: number
  bytesTotal: number
}

export function createMonitor(phase: string): Monitor {
  return { phase, entries: 0, bytes: 0, entriesTotal: 0, bytesTotal: 0 }
}
