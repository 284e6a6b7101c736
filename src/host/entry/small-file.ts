/** Files of a few bytes, of which a stage consists beside what it holds of the tree. */
import { nameAddress } from '../native/c-string.ts'
import { check, hostError, retry } from '../native/call.ts'
import { Errno, O_CLOEXEC, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } from '../native/errno.ts'
import { addressOf, libc } from '../native/libc.ts'
import { readAt } from './see.ts'
import { statxFd, stx } from './statx.ts'
import { writeAt } from './write-file.ts'

/** Makes a file for this user alone, where nothing is. @throws HostError */
export function makeFile(dirFd: number, name: Uint8Array, bytes: Uint8Array, path: Uint8Array): void {
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
  const fd = check('open', path, () => libc.openat(dirFd, nameAddress(name), flags, 0o600))
  try {
    writeAt(fd, bytes, 0, path)
  } finally {
    libc.close(fd)
  }
}

/** The bytes of a file; null where there is none. @throws HostError */
export function readFile(dirFd: number, name: Uint8Array, path: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const fd = retry(() => libc.openat(dirFd, nameAddress(name), O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0))
  if (fd === -1 && libc.errno() === Errno.ENOENT) return null
  if (fd === -1) throw hostError('open', path)
  try {
    check('statx', path, () => statxFd(fd))
    const size = stx.size()
    // A short array may live on the JavaScript heap, where it has no lasting address.
    const bytes = new Uint8Array(Math.max(size, 128))
    return bytes.subarray(0, readAt(fd, addressOf(bytes), size, 0, path))
  } finally {
    libc.close(fd)
  }
}
