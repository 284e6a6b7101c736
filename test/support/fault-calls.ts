/** Calls of the system that fail, or after which the process is as good as killed: for every one of them, in turn. */
import { type Libc, libc } from '../../src/host/native/libc.ts'

/** What happens to the Nth call. */
export type Fault =
  /** It is not made, and answers with this error number. */
  | { kind: 'error'; errno: number }
  /** A write writes half of what it was given. */
  | { kind: 'short' }
  /** It is not made, nor is any after it: kill -9. */
  | { kind: 'kill' }

/** Thrown by every call once the process counts as killed. */
export class Killed extends Error {}

/** Functions that ask nothing of the system, or cannot fail. */
const notCounted = new Set(['errno', 'setErrno', 'geteuid', 'getegid', 'umask', 'unshare', 'fchdir', 'posixFadvise'])

type Functions = Record<string, (...args: number[]) => number>

/**
 * Runs work with a fault in its Nth call, from 1; 0: in none. Descriptors that a killed run leaves open are closed.
 * @param onCall gets the name of each call
 */
export async function withFault(
  n: number,
  fault: Fault,
  work: () => unknown,
  onCall: (name: string) => unknown = () => {},
): Promise<void> {
  const functions = libc as unknown as Functions
  const real: Functions = { ...functions }
  const open = new Set<number>()
  let count = 0
  let isKilled = false
  for (const [name, call] of Object.entries(real)) {
    if (notCounted.has(name)) continue
    functions[name] = (...args) => {
      if (isKilled) throw new Killed()
      count++
      onCall(name)
      if (count === n) {
        if (fault.kind === 'kill') {
          isKilled = true
          throw new Killed()
        }
        if (fault.kind === 'error') return fail(real, name, args, open, fault.errno)
        if (isWrite(name)) return call(args[0]!, args[1]!, Math.ceil(args[2]! / 2), ...args.slice(3))
      }
      const result = call(...args)
      if (opens.has(name) && result >= 0) open.add(result)
      if (name === 'close') open.delete(args[0]!)
      return result
    }
  }
  try {
    await work()
  } catch (error) {
    if (!isKilled) throw error
  } finally {
    for (const name of Object.keys(real)) functions[name] = real[name]!
    if (isKilled) for (const fd of open) (real as unknown as Libc).close(fd)
  }
}

/** Calls that may do less than they were asked to. */
export function isWrite(name: string): boolean {
  return name === 'pwrite' || name === 'write'
}

const opens = new Set(['openat', 'openat2', 'dup', 'memfd_create'])

/** A close that fails has closed the descriptor all the same. */
function fail(real: Functions, name: string, args: number[], open: Set<number>, errno: number): number {
  if (name === 'close') {
    real['close']!(...args)
    open.delete(args[0]!)
  }
  real['setErrno']!(errno)
  return -1
}
