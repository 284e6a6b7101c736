/**
 * Opening what lies below a root and on its mount, and nothing else: openat2(2) with RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS
 * and RESOLVE_NO_XDEV in one call; where the kernel lacks it, a walk with O_NOFOLLOW name by name.
 */
import { nameAddress, rangeAddress } from '../native/c-string.ts'
import {
  Errno,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from '../native/errno.ts'
import { type Address, addressOf, libc } from '../native/libc.ts'
import { statxFd, stx } from './statx.ts'

const SLASH = 0x2f
const DOT = Buffer.from('.')
/** struct open_how: flags, mode, resolve, each u64 (openat2(2)). */
const OPEN_HOW_BYTES = 24
const how = new BigUint64Array(16)
let howAddress: Address = 0
let hasOpenat2: boolean | null = null
const RESOLVE = BigInt(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV)
/** Bytes of a path that one call takes; PATH_MAX is 4096. */
const CALL_BYTES = 4000
/** A rename going on elsewhere makes openat2 answer EAGAIN; it does not go on for ever. */
const TRIES = 64

/**
 * Opens `path` below `dirFd`; the empty path is the directory itself. No component may be a symlink or a mount point.
 * @param path components joined by '/', relative
 * @param flags of open(2); O_CLOEXEC and O_NOFOLLOW are added
 * @returns a descriptor, or -1 with errno: ELOOP or ENOTDIR for a component that is no directory, EXDEV for a mount point
 */
export function openBeneath(dirFd: number, path: Uint8Array, flags: number): number {
  if (path.length === 0) return openOne(dirFd, DOT, 0, DOT.length, flags)
  let from = dirFd
  let start = 0
  while (path.length - start > CALL_BYTES) {
    const end = path.lastIndexOf(SLASH, start + CALL_BYTES)
    if (end <= start) return closeAll(from, dirFd, Errno.ENAMETOOLONG)
    const next = openOne(from, path, start, end, O_PATH | O_DIRECTORY)
    const errno = next === -1 ? libc.errno() : 0
    if (from !== dirFd) libc.close(from)
    if (next === -1) return closeAll(next, next, errno)
    from = next
    start = end + 1
  }
  const fd = openOne(from, path, start, path.length, flags)
  const errno = fd === -1 ? libc.errno() : 0
  if (from !== dirFd) libc.close(from)
  return fd === -1 ? closeAll(fd, fd, errno) : fd
}

/** For tests: whether openat2 is used; null asks the kernel again. */
export function useOpenat2(use: boolean | null): void {
  hasOpenat2 = use
}

function closeAll(fd: number, kept: number, errno: number): -1 {
  if (fd !== kept) libc.close(fd)
  libc.setErrno(errno)
  return -1
}

function openOne(dirFd: number, heap: Uint8Array, start: number, end: number, flags: number): number {
  hasOpenat2 ??= probe(dirFd)
  if (!hasOpenat2) return walk(dirFd, heap, start, end, flags)
  for (let tries = 0; ; tries++) {
    const fd = openat2(dirFd, rangeAddress(heap, start, end), flags)
    if (fd !== -1 || tries === TRIES) return fd
    const errno = libc.errno()
    if (errno !== Errno.EINTR && errno !== Errno.EAGAIN) return -1
  }
}

function openat2(dirFd: number, path: Address, flags: number): number {
  if (howAddress === 0) howAddress = addressOf(how)
  how[0] = BigInt(flags | O_CLOEXEC | O_NOFOLLOW)
  how[1] = 0n
  how[2] = RESOLVE
  return libc.openat2(dirFd, path, howAddress, OPEN_HOW_BYTES)
}

/** A kernel before 5.6 answers ENOSYS, a container that filters calls EPERM. */
function probe(dirFd: number): boolean {
  const fd = openat2(dirFd, nameAddress(DOT), O_PATH | O_DIRECTORY)
  if (fd !== -1) libc.close(fd)
  return fd !== -1 || (libc.errno() !== Errno.ENOSYS && libc.errno() !== Errno.EPERM)
}

function walk(dirFd: number, heap: Uint8Array, start: number, end: number, flags: number): number {
  let from = dirFd
  const mount = mountOf(dirFd)
  for (let at = start; ; ) {
    const slash = heap.subarray(0, end).indexOf(SLASH, at)
    const stop = slash < 0 ? end : slash
    const step = slash < 0 ? flags : O_PATH | O_DIRECTORY
    const next = libc.openat(from, rangeAddress(heap, at, stop), step | O_CLOEXEC | O_NOFOLLOW, 0)
    const errno = next === -1 ? libc.errno() : mountOf(next) === mount ? 0 : Errno.EXDEV
    if (from !== dirFd) libc.close(from)
    if (errno !== 0) return closeAll(next, -1, errno)
    if (slash < 0) return next
    from = next
    at = stop + 1
  }
}

/** True where something is mounted on what is at a path below a directory. */
export function isMountPoint(dirFd: number, path: Uint8Array): boolean {
  const fd = openBeneath(dirFd, path, O_PATH)
  if (fd !== -1) libc.close(fd)
  return fd === -1 && libc.errno() === Errno.EXDEV
}

/** What tells one mount from another; where the kernel does not number them, the device. */
function mountOf(fd: number): number {
  if (statxFd(fd) !== 0) return -1
  const mount = stx.mountId()
  return mount !== 0 ? mount : -2 - stx.devMajor() * 2 ** 20 - stx.devMinor()
}
