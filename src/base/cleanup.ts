/**
 * What must be undone when the program is stopped from outside (a signal) or fails: temporary files, stages.
 * Who makes such a thing registers here and unregisters when it is gone or has become permanent.
 */

const cleanups = new Set<() => void>()

/** Registers a synchronous cleanup. Returns the function that takes it back. */
export function onInterrupt(cleanup: () => void): () => void {
  cleanups.add(cleanup)
  return () => {
    cleanups.delete(cleanup)
  }
}

/** Runs what is registered, last first, each once. One that fails does not keep the others from running. */
export function runCleanups(): void {
  for (const cleanup of [...cleanups].reverse()) {
    cleanups.delete(cleanup)
    try {
      cleanup()
    } catch {
      // The program is ending for another reason, which is the one worth telling.
    }
  }
}
