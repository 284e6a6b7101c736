/** Entries that a row says were moved: what the target has at their old place, and whether it may be taken from there. */
import { Kind } from '../../base/constants.ts'
import { optionalBytesAt } from '../../model/bytes-column.ts'
import { contentAt, type Entries, hasContent } from '../../model/entries.ts'
import { compareBytes, splitPath } from '../../model/path.ts'
import { openFile } from '../entry/see.ts'
import { Op } from '../journal/journal-frame.ts'
import { libc } from '../native/libc.ts'
import { keptXattrs } from '../target/keeper.ts'
import { isKeptAs } from '../target/kept-time.ts'
import { enter } from '../target/target-cursor.ts'
import { contentIdOf, type Inode, type SeenFile } from './check-content.ts'
import { type Decider, xattrReaderOf } from './decider.ts'

/** How the entry that the row says was moved gets there: it is renamed, or copied, or (0) has to be made anew. */
export function bitsOfMoved(decider: Decider, after: Entries, i: number, origin: Uint8Array, inode: Inode): number {
  const kind = after.kind[i]!
  if (kind === Kind.directory && inode.kind === Kind.directory) return Op.moved | Op.meta
  if (kind !== Kind.file || inode.kind !== Kind.file || inode.size !== after.size[i]) return 0
  const [sec, nsec] = [after.mtimeSec[i]!, after.mtimeNsec[i]!]
  const isSameTime = isKeptAs(decider.keeper.filesystem, sec, nsec, inode.mtimeSec, inode.mtimeNsec)
  const isTrusted = isSameTime && (decider.quick || !hasContent(after, i))
  if (!isTrusted && !(hasContent(after, i) && isContentAt(decider, after, i, origin, inode))) return 0
  const isSameOwner = inode.uid === after.uid[i] && inode.gid === after.gid[i]
  // New metadata would reach its other names.
  const isChanged = !isSameTime || !isSameOwner || inode.mode !== after.mode[i]
  const isShared = inode.nlink > 1 || decider.isAtomic
  return isShared && (isChanged || !hasXattrs(decider, after, i, origin, inode)) ? Op.copy : Op.moved | Op.meta
}

/** True where the target's file of this inode has the attributes of row i, as far as they can be kept. */
function hasXattrs(decider: Decider, after: Entries, i: number, path: Uint8Array, { ino }: Inode): boolean {
  const { keeper, cursor } = decider
  if (!keeper.xattrs) return true
  const { dir, name } = splitPath(path)
  const dirFd = enter(cursor, dir)
  const fd = dirFd === -1 ? -1 : openFile(dirFd, name, ino)
  if (fd === -1) return false
  try {
    const found = xattrReaderOf(decider).ofFd(fd, 0)
    const wanted = keptXattrs(keeper, Kind.file, optionalBytesAt(after.xattrs, i))
    return found !== null && compareBytes(wanted, keptXattrs(keeper, Kind.file, found)) === 0
  } finally {
    libc.close(fd)
  }
}

/** True where the target's file of this inode has the contents of row i. */
export function isContentAt(decider: Decider, after: Entries, i: number, path: Uint8Array, seen: SeenFile): boolean {
  const { dir, name } = splitPath(path)
  const fd = enter(decider.cursor, dir)
  const id = fd === -1 ? null : contentIdOf(fd, name, seen, path)
  return id !== null && compareBytes(id, contentAt(after, i)) === 0
}
