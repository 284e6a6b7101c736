/** What can only be said of a row by reading the target: contents by their ids, hard links by their inodes. */
import { EMPTY, optionalBytesAt } from '../../model/bytes-column.ts'
import { contentAt, type Entries, hasContent } from '../../model/entries.ts'
import { compareBytes, splitPath } from '../../model/path.ts'
import { hashFile, openFile } from '../entry/see.ts'
import { statxName, stx } from '../entry/statx.ts'
import { nameAddress } from '../native/c-string.ts'
import { found } from '../native/call.ts'
import { Errno } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { type Cursor, closeCursor, createCursor, enter } from '../target/target-cursor.ts'

/** By what a file that was seen is known again. */
export type SeenFile = { ino: bigint; size: number }

export type Inode = {
  ino: bigint
  kind: number
  nlink: number
  mode: number
  uid: number
  gid: number
  size: number
  mtimeSec: number
  mtimeNsec: number
}

/** The inode at a path of the target, asked for again and again while the names of one group pass. */
export type InodeFinder = {
  /** What is at the path; null for nothing, and for what cannot be reached below the root. @throws HostError */
  find(path: Uint8Array): Inode | null
  close(): void
}

/** @param rootFd the target's root, or -1 where it does not exist yet */
export function createInodeFinder(rootFd: number): InodeFinder {
  const cursor: Cursor = createCursor(rootFd)
  let lastPath: Uint8Array = EMPTY
  let last: Inode | null = null
  return {
    find(path) {
      if (rootFd === -1) return null
      if (lastPath.length > 0 && compareBytes(path, lastPath) === 0) return last
      const { dir, name } = splitPath(path)
      let fd = -1
      const isReached = found('open', path, () => {
        fd = enter(cursor, dir)
        return fd
      })
      last = isReached && found('statx', path, () => statxName(fd, nameAddress(name))) ? lastInode() : null
      lastPath = path.slice()
      return last
    },
    close: () => closeCursor(cursor),
  }
}

function lastInode(): Inode {
  return {
    ino: stx.ino(),
    kind: stx.kind(),
    nlink: stx.nlink(),
    mode: stx.mode(),
    uid: stx.uid(),
    gid: stx.gid(),
    size: stx.size(),
    mtimeSec: stx.mtimeSec(),
    mtimeNsec: stx.mtimeNsec(),
  }
}

/** True where what was seen (its inode number) is linked as row i of `side` says; `other` is the other side of the row. */
export function hasLinks(
  finder: InodeFinder,
  side: Entries,
  other: Entries | null,
  i: number,
  seenIno: bigint,
): boolean {
  const first = optionalBytesAt(side.link, i)
  if (first.length > 0) return finder.find(first)?.ino === seenIno
  // It has left the group that the other side has it in, or not joined it yet.
  const otherFirst = other === null ? EMPTY : optionalBytesAt(other.link, i)
  return otherFirst.length === 0 || finder.find(otherFirst)?.ino !== seenIno
}

/**
 * The id of a file's bytes, or null where it cannot be read: `libc.errno()` says why, and is ESTALE where the file is not the one that was
 * seen, or has another size by now.
 * @throws HostError
 */
export function contentIdOf(dirFd: number, name: Uint8Array, seen: SeenFile, path: Uint8Array): Uint8Array | null {
  const fd = openFile(dirFd, name, seen.ino)
  if (fd === -1) return null
  try {
    const id = hashFile(fd, seen.size, path)
    if (id === null) libc.setErrno(Errno.ESTALE)
    return id
  } finally {
    libc.close(fd)
  }
}

/** True where row i has no id to compare with, or this one. */
export function isContent(side: Entries, i: number, id: () => Uint8Array | null): boolean {
  if (side.size[i] === 0 || !hasContent(side, i)) return true
  const bytes = id()
  return bytes !== null && compareBytes(bytes, contentAt(side, i)) === 0
}
