/** A second process that acts between two calls of ours: whatever it does, it does right before the Nth call. */
import { libc } from '../../src/host/native/libc.ts'

/** Functions that ask nothing of the filesystem. */
const notCounted = new Set(['errno', 'setErrno', 'geteuid', 'getegid', 'umask', 'close'])

type Functions = Record<string, (...args: number[]) => number>

/**
 * Runs work; `act` is called before each of its calls, which are counted from 1. What the last call left in errno stays.
 * @returns how many calls were made
 */
export async function betweenCalls(act: (n: number) => void, work: () => unknown): Promise<number> {
  const functions = libc as unknown as Functions
  const real: Functions = { ...functions }
  let count = 0
  for (const [name, call] of Object.entries(real)) {
    if (notCounted.has(name)) continue
    functions[name] = (...args) => {
      const errno = libc.errno()
      act(++count)
      libc.setErrno(errno)
      return call(...args)
    }
  }
  try {
    await work()
  } finally {
    for (const name of Object.keys(real)) functions[name] = real[name]!
  }
  return count
}
