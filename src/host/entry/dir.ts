/**
 * Directories by descriptor. Nothing below a root is ever reached by a joined path: each component is opened on its own with
 * O_NOFOLLOW, so that a path may be longer than PATH_MAX and a symlink that was put in a directory's place is refused.
 */

import { nameAddress, rangeAddress } from '../native/c-string.ts'
import { check, hostError, retry } from '../native/call.ts'
import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../native/errno.ts'
import { type Address, addressOf, libc } from '../native/libc.ts'

const SLASH = 0x2f
export const OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

/**
 * Opens the root of a tree by a path of the user's; here alone symlinks are followed. The caller closes it.
 * @throws HostError
 */
export function openRoot(path: Uint8Array): number {
  if (path.length < 4096)
    return check('open', path, () => openNamed(AT_FDCWD, path, 0, path.length, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
  return stepDown(path, path[0] === SLASH ? nameOf('/') : nameOf('.'), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
}

/**
 * Opens a directory below a root; the empty path is the root itself. The caller closes it.
 * @param path relative to the root
 * @throws HostError; ELOOP or ENOTDIR where a component is no directory
 */
export function openDir(rootFd: number, path: Uint8Array): number {
  const fd = check('open', path, () => libc.openat(rootFd, nameAddress(nameOf('.')), OPEN_DIRECTORY, 0))
  return walkComponents(fd, path, OPEN_DIRECTORY)
}

/** The absolute path of an open directory, symlinks resolved; empty where the kernel does not say (proc(5), /proc/pid/fd). */
export function absolutePath(fd: number): Uint8Array {
  const bytes = new Uint8Array(4096)
  const link = nameAddress(Buffer.from(`/proc/self/fd/${fd}`))
  const length = retry(() => libc.readlinkat(AT_FDCWD, link, addressOf(bytes), bytes.length))
  return length > 0 && length < bytes.length && bytes[0] === SLASH ? bytes.slice(0, length) : new Uint8Array(0)
}

/** Opens one name in a directory; -1 with errno where that fails. */
export function openName(dirFd: number, name: Uint8Array, flags: number): number {
  return retry(() => libc.openat(dirFd, nameAddress(name), flags | O_CLOEXEC, 0))
}

/** Closes a descriptor. EINTR is no reason to close again on Linux, and a read descriptor has nothing else to say. */
export function closeFd(fd: number): void {
  libc.close(fd)
}

function stepDown(path: Uint8Array, start: Uint8Array, flags: number): number {
  const fd = check('open', path, () => libc.openat(AT_FDCWD, nameAddress(start), flags, 0))
  return walkComponents(fd, path, flags)
}

/** Opens component after component from `fd`, which is closed. */
function walkComponents(fd: number, path: Uint8Array, flags: number): number {
  let from = fd
  for (let start = 0; start < path.length; ) {
    const slash = path.indexOf(SLASH, start)
    const end = slash < 0 ? path.length : slash
    if (end > start) {
      const next = retry(() => openNamed(from, path, start, end, flags))
      const error = next === -1 ? hostError('open', path) : null
      closeFd(from)
      if (error !== null) throw error
      from = next
    }
    start = end + 1
  }
  return from
}

function openNamed(dirFd: number, heap: Uint8Array, start: number, end: number, flags: number): number {
  return libc.openat(dirFd, rangeAddress(heap, start, end), flags, 0)
}

function nameOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}

/** getdents64 buffer: large enough that a directory of a few hundred names takes one call and the one that answers 0. */
const LIST_BYTES = 64 * 1024
const listing = new Uint8Array(LIST_BYTES)
let listingAddress: Address = 0

/** d_type values (getdents(2)) that matter to us. */
export const DT_UNKNOWN = 0
export const DT_DIR = 4

/**
 * Lists a directory, '.' and '..' left out, in the order the filesystem has it.
 * The buffer that `visit` gets is overwritten by the next block: copy what is to stay.
 * @param fd a directory, read from its present position
 * @param visit gets the block, the range of the name in it, and its d_type
 * @returns 0, or -1 with errno where the directory could not be read to its end
 */
export function listNames(
  fd: number,
  visit: (block: Uint8Array, start: number, end: number, type: number) => void,
): number {
  if (listingAddress === 0) listingAddress = addressOf(listing)
  for (;;) {
    const length = retry(() => libc.getdents64(fd, listingAddress, LIST_BYTES))
    if (length <= 0) return length
    for (let at = 0; at < length; ) {
      const recordBytes = listing[at + 16]! | (listing[at + 17]! << 8)
      const start = at + 19
      const end = listing.indexOf(0, start)
      if (!isDots(listing, start, end)) visit(listing, start, end, listing[at + 18]!)
      at += recordBytes
    }
  }
}

function isDots(heap: Uint8Array, start: number, end: number): boolean {
  if (heap[start] !== 0x2e) return false
  return end - start === 1 || (end - start === 2 && heap[start + 1] === 0x2e)
}

/** The names of a directory, sorted by nobody, each a copy. For directories that are small or rare. @throws HostError */
export function namesOf(fd: number, path: Uint8Array): Uint8Array[] {
  const names: Uint8Array[] = []
  if (listNames(fd, (block, start, end) => names.push(block.slice(start, end))) === -1)
    throw hostError('getdents64', path)
  return names
}
