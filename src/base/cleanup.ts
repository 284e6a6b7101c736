/**
 * What must be undone when the program is stopped from outside (a signal) or fails: temporary files, stages.
 * Who makes such a thing registers here and unregisters when it is gone or has become permanent.
 */

const cleanups = new Set<() => void>()
let onNeed: (isNeeded: boolean) => void = () => {}

/** Tells whenever there comes to be something to clean up, and when there is nothing any more. */
export function watchCleanups(watcher: (isNeeded: boolean) => void): void {
  onNeed = watcher
}

/** Registers a synchronous cleanup. Returns the function that takes it back. */
export function onInterrupt(cleanup: () => void): () => void {
  cleanups.add(cleanup)
  if (cleanups.size === 1) onNeed(true)
  return () => {
    if (cleanups.delete(cleanup) && cleanups.size === 0) onNeed(false)
  }
}

/** Whether something is registered. */
export function isCleanupNeeded(): boolean {
  return cleanups.size > 0
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
