/** Reading what is at a name in an open directory: symlink targets, the bytes of regular files. Nothing is followed. */
import { Kind } from '../../base/constants.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import { createHasher, hashBytes } from '../native/blake3.ts'
import { nameAddress } from '../native/c-string.ts'
import { hostError, retry } from '../native/call.ts'
import { Errno, O_CLOEXEC, O_NOATIME, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../native/errno.ts'
import { addressOf, libc } from '../native/libc.ts'
import { statxFd, stx } from './statx.ts'

const BUFFER_BYTES = 1 << 20
let shared: { bytes: Uint8Array; address: number } | null = null

/** One buffer a thread for what is read; its contents are good until the next read. */
export function readBuffer(): { bytes: Uint8Array; address: number } {
  if (shared === null) {
    const bytes = new Uint8Array(BUFFER_BYTES)
    shared = { bytes, address: addressOf(bytes) }
  }
  return shared
}

/** The target of a symlink, or EMPTY where it is none (any more). @throws HostError */
export function readLink(dirFd: number, name: Uint8Array, path: Uint8Array): Uint8Array {
  const { bytes, address } = readBuffer()
  const length = retry(() => libc.readlinkat(dirFd, nameAddress(name), address, bytes.length))
  if (length === -1) {
    if (libc.errno() === Errno.EINVAL) return EMPTY
    throw hostError('readlink', path)
  }
  return bytes.slice(0, length)
}

/**
 * Opens a regular file for reading.
 * @param ino its inode number, or null where any will do
 * @returns a descriptor, or -1 with errno; ESTALE where another entry has come into its place
 */
export function openFile(dirFd: number, name: Uint8Array, ino: bigint | null): number {
  // O_NONBLOCK: a fifo that has come into the place of the file must not hold us up.
  const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
  let fd = retry(() => libc.openat(dirFd, nameAddress(name), flags | O_NOATIME, 0))
  if (fd === -1 && libc.errno() === Errno.EPERM) fd = retry(() => libc.openat(dirFd, nameAddress(name), flags, 0))
  if (fd === -1) return -1
  if (retry(() => statxFd(fd)) === 0 && stx.kind() === Kind.file && (ino === null || stx.ino() === ino)) return fd
  libc.close(fd)
  libc.setErrno(Errno.ESTALE)
  return -1
}

/**
 * The BLAKE3-256 of an open file of `size` bytes; null where it has fewer or more by now. One that grows as fast as it is read has an
 * end here all the same.
 * @throws HostError
 */
export function hashFile(fd: number, size: number, path: Uint8Array): Uint8Array | null {
  const { bytes, address } = readBuffer()
  if (size < bytes.length) {
    // One more is asked for, so that a longer file is told.
    const length = readEnough(fd, address, size + 1, Math.max(size, 1), 0, path)
    return length === size ? hashBytes(bytes.subarray(0, length)) : null
  }
  let length = readAt(fd, address, bytes.length, 0, path)
  const hasher = createHasher()
  let offset = 0
  while (length > 0 && offset <= size) {
    hasher.update(bytes.subarray(0, length))
    offset += length
    length = readAt(fd, address, bytes.length, offset, path)
  }
  return offset === size ? hasher.finish() : null
}

/** Reads until `size` bytes are there or the file ends. Returns how many. @throws HostError */
export function readAt(fd: number, address: number, size: number, offset: number, path: Uint8Array): number {
  return readEnough(fd, address, size, size, offset, path)
}

/** Reads at most `size` bytes, until `enough` are there or the file ends: the usual file of a known size takes one call. */
function readEnough(
  fd: number,
  address: number,
  size: number,
  enough: number,
  offset: number,
  path: Uint8Array,
): number {
  let total = 0
  while (total < enough) {
    const length = retry(() => libc.pread(fd, address + total, size - total, offset + total))
    if (length === -1) throw hostError('pread', path)
    if (length === 0) break
    total += length
  }
  return total
}
