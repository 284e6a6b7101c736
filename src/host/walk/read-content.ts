/**
 * Reading the contents of regular files below a root, as a scan saw them (spec §7.3). A file that is not what the scan saw is
 * told, never read as if it were: what is opened is a regular file of that name, not a symlink's target and not a fifo, and
 * size and modification time are those of the row after its bytes were read. Four system calls a small file.
 */
import { Kind, Limits, type ProblemCode } from '../../base/constants.ts'
import { type Hole, stretchAt } from '../../model/holes.ts'
import { closeFd } from '../entry/dir.ts'
import { findHoles } from '../entry/read-holes.ts'
import { statxFd, stx } from '../entry/statx.ts'
import { zeros } from '../entry/zeros.ts'
import { createHasher, hashBytes } from '../native/blake3.ts'
import { rangeAddress } from '../native/c-string.ts'
import { retry } from '../native/call.ts'
import { Errno, errnoName, O_CLOEXEC, O_NOATIME, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../native/errno.ts'
import { addressOf, libc } from '../native/libc.ts'

/** What the row says of a file. */
export type Stamp = { size: number; mtimeSec: number; mtimeNsec: number }

/** Why a content could not be read: the problem's code, and the errno name or what differs. */
export type ReadFailure = { code: ProblemCode; detail: string }

/** A file's name as a range of a heap, in an open directory. */
export type FileName = { dirFd: number; heap: Uint8Array; start: number; end: number }

/** Small files share blocks of this size, so that each costs no allocation of its own. */
const BLOCK_BYTES = 1 << 20

/** O_NONBLOCK: a fifo that has come into the place of the file must not hold us up, and pread(2) takes nothing from it. */
const OPEN_FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
/** Only the owner of a file may leave its access time alone: refused once, it is not asked for again. */
let openFlags = OPEN_FLAGS | O_NOATIME

let block = { bytes: unwritten(0), address: 0, used: 0 }

/** Memory that nobody has written to; it belongs to the caller. Not zeroed: it is filled before it is handed on. */
function allocate(size: number): { bytes: Uint8Array; address: number } {
  if (size > BLOCK_BYTES / 4) {
    const bytes = unwritten(size)
    return { bytes, address: addressOf(bytes) }
  }
  if (block.used + size > block.bytes.length) {
    const bytes = unwritten(BLOCK_BYTES)
    block = { bytes, address: addressOf(bytes), used: 0 }
  }
  const { bytes, address, used } = block
  block.used += size
  return { bytes: new Uint8Array(bytes.buffer, used, size), address: address + used }
}

function unwritten(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(size).buffer)
}

/**
 * The bytes of a file of at most Limits.pieceBytesMax bytes; they belong to the caller.
 * Made for files by the hundred thousand: nothing but the bytes is allocated.
 */
export function readSmallFile(name: FileName, stamp: Stamp): Uint8Array | ReadFailure {
  const fd = openFile(name)
  if (fd === -1) return openFailure(libc.errno())
  const { bytes, address } = allocate(stamp.size)
  const count = readAt(fd, address, 0, stamp.size)
  const errno = count === -1 ? libc.errno() : 0
  const failure = checkStamp(fd, stamp)
  closeFd(fd)
  if (failure !== null) return failure
  if (errno !== 0) return { code: 'unreadable', detail: errnoName(errno) }
  return count === stamp.size ? bytes : { code: 'changed', detail: 'size' }
}

/** The id of a file of any size, and the file read to its end while nothing of it changed. */
export function hashFile(name: FileName, stamp: Stamp): Uint8Array | ReadFailure {
  const opened = openChecked(name, stamp)
  if (typeof opened !== 'number') return opened
  const hasher = createHasher()
  const failure = readThrough(opened, stamp.size, (bytes) => hasher.update(bytes)) ?? checkStamp(opened, stamp)
  closeFd(opened)
  const id = hasher.finish()
  return failure ?? id
}

function readThrough(fd: number, size: number, use: (bytes: Uint8Array) => void): ReadFailure | null {
  const holes = findHoles(fd, size)
  for (let offset = 0; offset < size; ) {
    const bytes = readNext(fd, offset, size - offset, holes)
    if (!(bytes instanceof Uint8Array)) return bytes
    use(bytes)
    offset += bytes.length
  }
  return null
}

/** What is only looked at is read to one place, which stays in the processor's cache. */
let scratch: { bytes: Uint8Array; address: number } | null = null
const SCRATCH_BYTES = 256 * 1024

/**
 * Some of `size` bytes of an open file from `offset`, at least one, good until the next call.
 * @param holes of the file: what lies in them is zero and not read
 */
export function readNext(fd: number, offset: number, size: number, holes: readonly Hole[]): Uint8Array | ReadFailure {
  const { isHole, length } = stretchAt(holes, offset, offset + size)
  const wanted = Math.min(length, size, SCRATCH_BYTES)
  if (isHole) return zeros.subarray(0, wanted)
  if (scratch === null) {
    const bytes = new Uint8Array(SCRATCH_BYTES)
    scratch = { bytes, address: addressOf(bytes) }
  }
  const count = readAt(fd, scratch.address, offset, wanted)
  return count === wanted ? scratch.bytes.subarray(0, count) : readFailure(count)
}

/** Opens a file that is what the row says; the caller closes it. */
export function openChecked(name: FileName, stamp: Stamp): number | ReadFailure {
  const fd = openFile(name)
  if (fd === -1) return openFailure(libc.errno())
  const failure = checkStamp(fd, stamp)
  if (failure === null) return fd
  closeFd(fd)
  return failure
}

/** `size` bytes of an open file from `offset`, at most Limits.pieceBytesMax; they belong to the caller. */
export function readPiece(fd: number, offset: number, size: number): Uint8Array | ReadFailure {
  const { bytes, address } = allocate(Math.min(size, Limits.pieceBytesMax))
  const count = readAt(fd, address, offset, bytes.length)
  return count === bytes.length ? bytes : readFailure(count)
}

/** The id of bytes that were read. */
export const idOf = hashBytes

function openFile({ dirFd, heap, start, end }: FileName): number {
  const fd = retry(() => libc.openat(dirFd, rangeAddress(heap, start, end), openFlags, 0))
  if (fd !== -1 || openFlags === OPEN_FLAGS || libc.errno() !== Errno.EPERM) return fd
  openFlags = OPEN_FLAGS
  return openFile({ dirFd, heap, start, end })
}

/** Reads until `size` bytes are there or the file ends. Returns how many, or -1 with errno. */
function readAt(fd: number, address: number, offset: number, size: number): number {
  let total = 0
  while (total < size) {
    const count = libc.pread(fd, address + total, size - total, offset + total)
    if (count === 0) break
    if (count > 0) total += count
    else if (libc.errno() !== Errno.EINTR) return -1
  }
  return total
}

/** Null where an open file is a regular file of that size and time. */
function checkStamp(fd: number, stamp: Stamp): ReadFailure | null {
  if (retry(() => statxFd(fd)) === -1) return { code: 'unreadable', detail: errnoName(libc.errno()) }
  if (stx.kind() !== Kind.file) return { code: 'changed', detail: 'kind' }
  if (stx.size() !== stamp.size) return { code: 'changed', detail: 'size' }
  const isSameTime = stx.mtimeSec() === stamp.mtimeSec && stx.mtimeNsec() === stamp.mtimeNsec
  return isSameTime ? null : { code: 'changed', detail: 'mtime' }
}

function readFailure(count: number): ReadFailure {
  if (count === -1) return { code: 'unreadable', detail: errnoName(libc.errno()) }
  return { code: 'changed', detail: 'size' }
}

/** What an open that failed says of the file: gone, something else in its place, or not to be read. */
export function openFailure(errno: number): ReadFailure {
  switch (errno) {
    case Errno.ENOENT:
    case Errno.ENOTDIR:
      return { code: 'vanished', detail: errnoName(errno) }
    case Errno.ELOOP:
    case Errno.ENXIO:
      return { code: 'changed', detail: 'kind' }
    default:
      return { code: 'unreadable', detail: errnoName(errno) }
  }
}
