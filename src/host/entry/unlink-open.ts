/** Removes single names, from directories too that their owner has closed to himself. */
import { nameAddress } from '../native/c-string.ts'
import { retry } from '../native/call.ts'
import { Errno } from '../native/errno.ts'
import { libc } from '../native/libc.ts'

const DOT = Buffer.from('.')
const OPEN_MODE = 0o700

/** unlinkat(2), a second time in a directory that is opened for it (O_PATH will do); -1 with errno. */
export function unlinkOpen(dirFd: number, name: Uint8Array, flags: number): number {
  const unlink = (): number => retry(() => libc.unlinkat(dirFd, nameAddress(name), flags))
  const result = unlink()
  if (result === 0 || libc.errno() !== Errno.EACCES) return result
  retry(() => libc.fchmodat(dirFd, nameAddress(DOT), OPEN_MODE, 0))
  return unlink()
}

/** What errno says of a directory that could not be removed: it holds something. */
export function isNotEmpty(): boolean {
  return libc.errno() === Errno.ENOTEMPTY || libc.errno() === Errno.EEXIST
}
