/**
 * Content ids of the files that a walk has met. A file that changed since is read again as it is now, once; one that keeps
 * changing has no id. What is opened is a regular file of that name: no symlink is followed, no fifo waits, no access time moves.
 */
import { Kind, type ProblemCode } from '../../base/constants.ts'
import { EMPTY, startOf } from '../../model/bytes-column.ts'
import { type Entry, ID_BYTES } from '../../model/entries.ts'
import { stretchAt } from '../../model/holes.ts'
import type { Chunks } from '../../model/item.ts'
import { DirStack } from '../entry/dir-stack.ts'
import { findHoles, readHoles } from '../entry/read-holes.ts'
import { statxFd, stx } from '../entry/statx.ts'
import { deviceKey, XattrReader } from '../entry/xattr-reader.ts'
import { zeros } from '../entry/zeros.ts'
import { createHasher, type Hasher, hashInto } from '../native/blake3.ts'
import { rangeAddress } from '../native/c-string.ts'
import { retry } from '../native/call.ts'
import { Errno, errnoName, O_CLOEXEC, O_NOATIME, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../native/errno.ts'
import { addressOf, libc } from '../native/libc.ts'
import type { FileList } from './file-list.ts'

/** What became of a list of files, each named by its index in the list. */
export type HashedFiles = {
  /** 32 bytes a file; zero where it has no id. */
  ids: Uint8Array
  /** Files that are not what the walk saw: as they are now, racy, with the id of what they hold now. */
  refreshed: Array<{ index: number; entry: Entry }>
  /** Files without an id, ascending. */
  failed: Array<{ index: number; code: ProblemCode; detail: string }>
  /** Chunk lists, where the tap made any. */
  chunks: Chunks[]
}

/** Is shown the bytes of every content while they are read. */
export type ContentTap = {
  /** A content of that size begins, whatever became of the one before. */
  begin(size: number): void
  update(bytes: Uint8Array): void
  /** The content was read to its end: its chunk list, or null where it has none. */
  finish(): Pick<Chunks, 'ends' | 'ids'> | null
}

/** Two reads of a large file overlap with nothing; this much stays in the processor's cache between read and hash. */
const PIECE_BYTES = 256 * 1024
const OPEN_FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
/** In the place of an error number: the file is shorter than it was said to be. */
const SHORT = -1

type Failure = { code: ProblemCode; detail: string }

export class FileHasher {
  readonly #rootFd: number
  readonly #withXattrs: boolean
  readonly #tap: ContentTap | null
  readonly #stack: DirStack
  readonly #piece = new Uint8Array(PIECE_BYTES)
  readonly #pieceAddress = addressOf(this.#piece)
  #hasher: Hasher | null = null
  #xattrs: XattrReader | null = null
  #openFlags = OPEN_FLAGS | O_NOATIME

  /**
   * @param rootFd stays the caller's
   * @param tap null where nothing but the ids is wanted
   */
  constructor(rootFd: number, withXattrs: boolean, tap: ContentTap | null) {
    this.#rootFd = rootFd
    this.#withXattrs = withXattrs
    this.#tap = tap
    this.#stack = new DirStack(rootFd)
  }

  hash(files: FileList): HashedFiles {
    const ids = Buffer.alloc(files.count * ID_BYTES)
    const result: HashedFiles = { ids, refreshed: [], failed: [], chunks: [] }
    let k = 0
    for (let d = 0; d < files.dirEnds.length; d++) {
      const dirFd = this.#stack.enter(files.dirs.heap.slice(startOf(files.dirs, d), files.dirs.ends[d]!))
      const dirErrno = dirFd === -1 ? libc.errno() : 0
      for (; k < files.dirEnds[d]!; k++) {
        const fd = dirFd === -1 ? -1 : this.#open(dirFd, files, k)
        if (fd === -1) {
          result.failed.push({ index: k, ...openFailure(dirErrno === 0 ? libc.errno() : dirErrno) })
          continue
        }
        this.#hashOpen(fd, files, k, ids, result)
        libc.close(fd)
      }
    }
    return result
  }

  close(): void {
    this.#stack.close()
  }

  /** A descriptor, or -1 with errno. Only the owner of a file may ask for its access time to be left alone. */
  #open(dirFd: number, files: FileList, k: number): number {
    for (;;) {
      const name = rangeAddress(files.names.heap, startOf(files.names, k), files.names.ends[k]!)
      const fd = libc.openat(dirFd, name, this.#openFlags, 0)
      if (fd !== -1) return fd
      const errno = libc.errno()
      if (errno === Errno.EPERM && this.#openFlags !== OPEN_FLAGS) this.#openFlags = OPEN_FLAGS
      else if (errno !== Errno.EINTR) return -1
    }
  }

  /** Made for files by the hundred thousand: one that is what the walk saw leaves nothing but its id. */
  #hashOpen(fd: number, files: FileList, k: number, ids: Buffer, result: HashedFiles): void {
    const at = k * ID_BYTES
    const errno = this.#hashContent(fd, files.size[k]!, ids, at) ? 0 : libc.errno()
    if (errno === 0 && (statxFd(fd) === 0 || retry(() => statxFd(fd)) === 0) && isAsSeen(files, k)) {
      this.#addChunks(ids, at, result)
      return
    }
    // It is read once more as it is now, between two looks at it.
    const found = this.#hashNow(fd, errno, ids, at)
    if ('kind' in found) {
      result.refreshed.push({ index: k, entry: found })
      this.#addChunks(ids, at, result)
    } else {
      result.failed.push({ index: k, ...found })
    }
    ids.fill(0, at, at + ID_BYTES)
  }

  #addChunks(ids: Buffer, at: number, result: HashedFiles): void {
    const list = this.#tap?.finish() ?? null
    if (list !== null) result.chunks.push({ id: Uint8Array.from(ids.subarray(at, at + ID_BYTES)), ...list })
  }

  /** The file as it is now, with the id of what it holds now; or why there is neither. `errno` is that of the first reading. */
  #hashNow(fd: number, errno: number, ids: Buffer, at: number): Entry | Failure {
    if (retry(() => statxFd(fd)) === -1) return unreadable(libc.errno())
    if (stx.kind() !== Kind.file) return { code: 'changed', detail: 'kind' }
    if (errno > 0) return unreadable(errno)
    const before = entryOfStatx()
    const isRead = this.#hashContent(fd, before.size, ids, at)
    if (!isRead && libc.errno() !== SHORT) return unreadable(libc.errno())
    if (retry(() => statxFd(fd)) === -1) return unreadable(libc.errno())
    const after = entryOfStatx()
    if (!isRead || after.size !== before.size) return { code: 'changed', detail: 'size' }
    if (!isSameTime(before, after)) return { code: 'changed', detail: 'mtime' }
    after.content = Uint8Array.from(ids.subarray(at, at + ID_BYTES))
    return this.#completed(fd, after) ?? { code: 'changed', detail: 'xattrs' }
  }

  /** Writes the id of the first `size` bytes to `ids`. False with errno, which is SHORT where there are fewer. */
  #hashContent(fd: number, size: number, ids: Buffer, at: number): boolean {
    this.#tap?.begin(size)
    const holes = findHoles(fd, size)
    for (let offset = 0; ; ) {
      const { isHole, length } = stretchAt(holes, offset, size)
      const wanted = Math.min(length, PIECE_BYTES)
      const count = isHole || wanted === 0 ? wanted : this.#read(fd, wanted, offset)
      if (count === -1 || (count === 0 && wanted > 0)) return this.#fail(count === -1 ? libc.errno() : SHORT)
      const bytes = (isHole ? zeros : this.#piece).subarray(0, count)
      if (count > 0) this.#tap?.update(bytes)
      if (count === size) {
        hashInto(ids, at, ID_BYTES, bytes)
        return true
      }
      this.#hasher ??= createHasher()
      this.#hasher.update(bytes)
      offset += count
      if (offset < size) continue
      ids.set(this.#hasher.finish(), at)
      return true
    }
  }

  #read(fd: number, size: number, offset: number): number {
    for (;;) {
      const count = libc.pread(fd, this.#pieceAddress, size, offset)
      if (count !== -1 || libc.errno() !== Errno.EINTR) return count
    }
  }

  #fail(errno: number): false {
    this.#hasher?.finish()
    libc.setErrno(errno)
    return false
  }

  /** The entry with what statx does not say; null where its attributes cannot be read. */
  #completed(fd: number, entry: Entry): Entry | null {
    const hint = entry.hint!
    if (stx.blocks() * 512 < entry.size) hint.holes = readHoles(fd, entry.size)
    if (!this.#withXattrs) return entry
    this.#xattrs ??= new XattrReader(this.#rootFd, false)
    const xattrs = this.#xattrs.ofFd(fd, deviceKey(hint.devMajor, hint.devMinor))
    return xattrs === null ? null : { ...entry, xattrs }
  }
}

/** True where statx says what it said to the walk. */
function isAsSeen(files: FileList, k: number): boolean {
  return (
    stx.size() === files.size[k] &&
    stx.mtimeNsec() === files.mtimeNsec[k] &&
    stx.mtimeSec() === files.mtimeSec[k] &&
    stx.ctimeNsec() === files.ctimeNsec[k] &&
    stx.ctimeSec() === files.ctimeSec[k] &&
    stx.inoLow() === files.inoHalves[2 * k] &&
    stx.inoHigh() === files.inoHalves[2 * k + 1] &&
    stx.kind() === Kind.file
  )
}

function isSameTime(a: Entry, b: Entry): boolean {
  return (
    a.mtimeNsec === b.mtimeNsec &&
    a.mtimeSec === b.mtimeSec &&
    a.hint!.ctimeNsec === b.hint!.ctimeNsec &&
    a.hint!.ctimeSec === b.hint!.ctimeSec
  )
}

function entryOfStatx(): Entry {
  return {
    kind: stx.kind(),
    mode: stx.mode(),
    uid: stx.uid(),
    gid: stx.gid(),
    size: stx.size(),
    mtimeSec: stx.mtimeSec(),
    mtimeNsec: stx.mtimeNsec(),
    rdevMajor: 0,
    rdevMinor: 0,
    content: EMPTY,
    target: EMPTY,
    link: EMPTY,
    moved: EMPTY,
    xattrs: EMPTY,
    hint: {
      ino: stx.ino(),
      devMajor: stx.devMajor(),
      devMinor: stx.devMinor(),
      ctimeSec: stx.ctimeSec(),
      ctimeNsec: stx.ctimeNsec(),
      nlink: stx.nlink(),
      racy: 1,
      holes: EMPTY,
    },
  }
}

function unreadable(errno: number): Failure {
  return { code: 'unreadable', detail: errnoName(errno) }
}

/** ELOOP: a symlink is in the file's place; ENXIO: a fifo or a socket. */
function openFailure(errno: number): Failure {
  if (errno === Errno.ENOENT || errno === Errno.ENOTDIR) return { code: 'vanished', detail: errnoName(errno) }
  const isOther = errno === Errno.ELOOP || errno === Errno.ENXIO
  return isOther ? { code: 'changed', detail: 'kind' } : unreadable(errno)
}
