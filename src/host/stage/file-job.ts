/**
 * New files by the hundred, as columns: made in one go, in this thread or in another. Four calls a file. Only plain files are
 * made so, of one piece, without attributes and holes; all others are made one by one (stage-content.ts).
 */
import { HostError } from '../../base/errors.ts'
import { type BytesColumn, BytesColumnBuilder, bytesAt, startOf } from '../../model/bytes-column.ts'
import { joinPath } from '../../model/path.ts'
import { rangeAddress } from '../native/c-string.ts'
import {
  Errno,
  errnoName,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_WRONLY,
  S_ISGID,
  S_ISUID,
} from '../native/errno.ts'
import { type Address, addressOf, libc } from '../native/libc.ts'
import { fillTimes } from '../target/metadata.ts'
import { type Cursor, enter } from '../target/target-cursor.ts'

export type FileJob = {
  /** Directories below new/; files[i] of directory d are those up to dirEnds[d]. */
  dirs: BytesColumn
  dirEnds: Uint32Array
  names: BytesColumn
  bytes: BytesColumn
  /** Final permission bits, and those that a new file does not get by itself. */
  mode: Uint16Array
  uid: Uint32Array
  gid: Uint32Array
  mtimeSec: Float64Array
  mtimeNsec: Uint32Array
  /** What a new file has where nothing else is said. */
  umask: number
  createdUid: number
  createdGid: number
}

/** How many files could not be given their owner, and how many of them lost setuid or setgid with it. */
export type FileJobResult = { lostOwners: number; lostModes: number }

/** Files and bytes at which a job is full. */
const FILES_MAX = 512
const BYTES_MAX = 1 << 20

export type FileJobBuilder = {
  readonly count: number
  readonly isFull: boolean
  /** Adds a file; `dir` is the directory below new/. The bytes are copied. */
  add(dir: Uint8Array, name: Uint8Array, bytes: Uint8Array, metadata: FileMetadata): void
  /** The job, or null where it has no file; the builder is empty again. */
  take(): FileJob | null
}

export type FileMetadata = { mode: number; uid: number; gid: number; mtimeSec: number; mtimeNsec: number }

type Owner = Pick<FileJob, 'umask' | 'createdUid' | 'createdGid'>

export function createFileJobBuilder(owner: () => Owner): FileJobBuilder {
  const dirs = new BytesColumnBuilder()
  const names = new BytesColumnBuilder()
  const bytes = new BytesColumnBuilder()
  const dirEnds: number[] = []
  const mode = new Uint16Array(FILES_MAX)
  const uid = new Uint32Array(FILES_MAX)
  const gid = new Uint32Array(FILES_MAX)
  const mtimeSec = new Float64Array(FILES_MAX)
  const mtimeNsec = new Uint32Array(FILES_MAX)
  let present: Uint8Array | null = null
  let count = 0
  return {
    get count() {
      return count
    },
    get isFull() {
      return count === FILES_MAX || bytes.byteLength >= BYTES_MAX
    },
    add(dir, name, content, metadata) {
      if (dir !== present) {
        if (present !== null) dirEnds.push(count)
        dirs.push(dir)
        present = dir
      }
      names.push(name)
      bytes.push(content)
      mode[count] = metadata.mode
      uid[count] = metadata.uid
      gid[count] = metadata.gid
      mtimeSec[count] = metadata.mtimeSec
      mtimeNsec[count] = metadata.mtimeNsec
      count++
    },
    take() {
      if (count === 0) return null
      dirEnds.push(count)
      const job: FileJob = {
        dirs: dirs.take(),
        dirEnds: Uint32Array.from(dirEnds.splice(0)),
        names: names.take(),
        bytes: bytes.take(),
        mode: mode.slice(0, count),
        uid: uid.slice(0, count),
        gid: gid.slice(0, count),
        mtimeSec: mtimeSec.slice(0, count),
        mtimeNsec: mtimeNsec.slice(0, count),
        ...owner(),
      }
      count = 0
      present = null
      return job
    },
  }
}

/**
 * Makes the files of a job.
 * @param cursor over new/
 * @throws HostError with the path below new/
 */
export function writeFiles(cursor: Cursor, job: FileJob): FileJobResult {
  const heap = addressOf(job.bytes.heap.length > 64 ? job.bytes.heap : padded(job))
  const result: FileJobResult = { lostOwners: 0, lostModes: 0 }
  for (let d = 0, i = 0; d < job.dirEnds.length; d++) {
    const dir = bytesAt(job.dirs, d)
    const dirFd = enter(cursor, dir)
    if (dirFd === -1) throw new HostError(errnoName(libc.errno()), 'open', dir)
    for (; i < job.dirEnds[d]!; i++) {
      const failed = writeFile(job, i, dirFd, heap, result)
      if (failed !== null) throw new HostError(errnoName(libc.errno()), failed, joinPath(dir, bytesAt(job.names, i)))
    }
  }
  return result
}

/** A short array may live on the JavaScript heap, where it has no lasting address. */
function padded(job: FileJob): Uint8Array {
  const heap = new Uint8Array(128)
  heap.set(job.bytes.heap)
  job.bytes = { heap, ends: job.bytes.ends }
  return heap
}

const FLAGS = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW

/** The name of the call that failed, or null. */
function writeFile(job: FileJob, i: number, dirFd: number, heap: Address, result: FileJobResult): string | null {
  const mode = job.mode[i]!
  const name = rangeAddress(job.names.heap, startOf(job.names, i), job.names.ends[i]!)
  let fd = libc.openat(dirFd, name, FLAGS, mode & 0o777)
  while (fd === -1 && libc.errno() === Errno.EINTR) fd = libc.openat(dirFd, name, FLAGS, mode & 0o777)
  if (fd === -1) return 'open'
  const failed = fillFile(job, i, fd, heap, result)
  const errno = failed === null ? 0 : libc.errno()
  const closed = libc.close(fd)
  if (failed !== null) libc.setErrno(errno)
  // A full disk or quota of a network filesystem may speak up only now. EINTR has closed it all the same.
  return failed ?? (closed === 0 || libc.errno() === Errno.EINTR ? null : 'close')
}

function fillFile(job: FileJob, i: number, fd: number, heap: Address, result: FileJobResult): string | null {
  const start = startOf(job.bytes, i)
  const size = job.bytes.ends[i]! - start
  for (let done = 0; done < size; ) {
    const length = libc.pwrite(fd, heap + start + done, size - done, done)
    if (length > 0) done += length
    else if (length === 0) libc.setErrno(Errno.ENOSPC)
    if (length <= 0 && libc.errno() !== Errno.EINTR) return 'pwrite'
  }
  const isChowned = job.uid[i] !== job.createdUid || job.gid[i] !== job.createdGid
  const lostBefore = result.lostOwners
  if (isChowned && !chown(job, i, fd, result)) return 'chown'
  // A program must not run as a user or group that it was not meant for.
  const mode = result.lostOwners > lostBefore ? job.mode[i]! & ~(S_ISUID | S_ISGID) : job.mode[i]!
  if (mode !== job.mode[i]) result.lostModes++
  const isModeSet = mode > 0o777 || (mode & job.umask) !== 0
  if (isModeSet && again(() => libc.fchmod(fd, mode)) !== 0) return 'chmod'
  const times = fillTimes(job.mtimeSec[i]!, job.mtimeNsec[i]!)
  return again(() => libc.futimens(fd, times)) === 0 ? null : 'utimensat'
}

function chown(job: FileJob, i: number, fd: number, result: FileJobResult): boolean {
  if (again(() => libc.fchown(fd, job.uid[i]!, job.gid[i]!)) === 0) return true
  const errno = libc.errno()
  // A user namespace does not map every number, and some filesystems have no owners.
  if (errno !== Errno.EINVAL && errno !== Errno.EPERM && errno !== Errno.ENOTSUP) return false
  result.lostOwners++
  return true
}

function again(call: () => number): number {
  let result = call()
  while (result === -1 && libc.errno() === Errno.EINTR) result = call()
  return result
}
