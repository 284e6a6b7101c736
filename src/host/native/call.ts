/** Calls that are checked: EINTR is retried, -1 becomes a HostError that says which call failed on which path. */
import { HostError } from '../../base/errors.ts'
import { Errno, errnoName } from './errno.ts'
import { libc } from './libc.ts'

/** Calls until the answer is not EINTR. Returns what the call returned; -1 leaves errno to be read. */
export function retry(call: () => number): number {
  for (;;) {
    const result = call()
    if (result !== -1 || libc.errno() !== Errno.EINTR) return result
  }
}

/**
 * The same, but -1 is thrown as a HostError.
 * @param name the call as its man page names it
 * @param path the path it works on, as the user knows it
 */
export function check(name: string, path: Uint8Array, call: () => number): number {
  const result = retry(call)
  if (result === -1) throw hostError(name, path)
  return result
}

/**
 * Whether a call found something: true where it succeeded, false where nothing is there or can be reached under the root
 * (ENOENT, ENOTDIR, ELOOP, EXDEV). Any other failure is not an answer.
 * @throws HostError
 */
export function found(name: string, path: Uint8Array, call: () => number): boolean {
  if (retry(call) !== -1) return true
  const errno = libc.errno()
  if (errno === Errno.ENOENT || errno === Errno.ENOTDIR || errno === Errno.ELOOP || errno === Errno.EXDEV) return false
  throw hostError(name, path)
}

/** The HostError of the call that failed last in this thread. */
export function hostError(name: string, path: Uint8Array): HostError {
  return new HostError(errnoName(libc.errno()), name, path)
}
