/**
 * A row's file made of a local one: a further name of the same inode, shared blocks, or a copy. Where the row has a content id
 * the bytes are verified, unless equal size and time are believed.
 */
import { EMPTY } from '../../model/bytes-column.ts'
import { contentAt, hasContent } from '../../model/entries.ts'
import type { EntriesBuilder } from '../../model/entries-builder.ts'
import type { InodeTable } from '../../model/inode-table.ts'
import { compareBytes, splitPath } from '../../model/path.ts'
import { matches } from '../check/check-match.ts'
import { procFd } from '../entry/proc-path.ts'
import { hashFile, openFile, readAt, readBuffer } from '../entry/see.ts'
import { statxFd, statxRow, stx } from '../entry/statx.ts'
import { cloneFile, copyBytes } from '../entry/write-file.ts'
import { deviceKey, type XattrReader } from '../entry/xattr-reader.ts'
import { stageDirOf } from '../journal/stage-place.ts'
import { createHasher } from '../native/blake3.ts'
import { nameAddress } from '../native/c-string.ts'
import { hostError, retry } from '../native/call.ts'
import { AT_FDCWD, AT_SYMLINK_FOLLOW, Errno } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { type Cursor, enter } from '../target/target-cursor.ts'
import { appendTo, type Contents, dropContent, openContentOf, sealContent } from './stage-content.ts'
import { closeNew, createFile, enterStage, rowPath, type StagedRow } from './stage-object.ts'

/** When equal size and time stand for equal contents: never, where a row has no content id to tell, or always. */
export type Belief = 'never' | 'without-id' | 'always'

/** What hard links need: where a file's metadata are read into, and the inodes that were linked. */
export type Links = { seen: EntriesBuilder; xattrs: XattrReader; linked: InodeTable }

/** How a file got there. */
export type Filled = 'linked' | 'cloned' | 'copied'

/**
 * Makes the file of a row in the stage from what is at a path of a tree.
 * @param links null where no hard links are wanted
 * @returns null where the tree does not have its content there
 * @throws HostError
 */
export function fillFrom(
  contents: Contents,
  tree: Cursor,
  path: Uint8Array,
  row: StagedRow,
  belief: Belief,
  links: Links | null,
): Filled | null {
  const fd = openAt(tree, path)
  if (fd === -1) return null
  try {
    // openFile has just seen it.
    const judged = judge(row, belief)
    if (judged === 'other') return null
    if (links !== null && isLinkable(contents, links, fd, row)) {
      const isEqual = judged === 'believed' || isContentOf(fd, row)
      if (isEqual && linkFile(contents, links, fd, row)) return 'linked'
    }
    return judged === 'believed' ? copyBelieved(contents, fd, row) : copyVerified(contents, fd, row)
  } finally {
    libc.close(fd)
  }
}

/** True where the tree has the content of a row at a path. @throws HostError */
export function isAtHand(tree: Cursor, path: Uint8Array, row: StagedRow, belief: Belief): boolean {
  const fd = openAt(tree, path)
  if (fd === -1) return false
  try {
    const judged = judge(row, belief)
    return judged === 'believed' || (judged === 'to-verify' && isContentOf(fd, row))
  } finally {
    libc.close(fd)
  }
}

/** Opens a regular file of a tree; -1 with errno. */
export function openAt(tree: Cursor, path: Uint8Array): number {
  const { dir, name } = splitPath(path)
  const dirFd = enter(tree, dir)
  return dirFd === -1 ? -1 : openFile(dirFd, name, null)
}

/** What size and time of the file that statx saw last say of a row's content. */
function judge({ frame, i }: StagedRow, belief: Belief): 'believed' | 'to-verify' | 'other' {
  const after = frame.batch.after!
  if (stx.size() !== after.size[i]) return 'other'
  const isSameTime = stx.mtimeSec() === after.mtimeSec[i] && stx.mtimeNsec() === after.mtimeNsec[i]
  const hasId = hasContent(after, i)
  if (isSameTime && (belief === 'always' || (belief === 'without-id' && !hasId))) return 'believed'
  return hasId ? 'to-verify' : 'other'
}

/** RACE: whoever writes to the file while it is read moves its change time. */
function isContentOf(fd: number, row: StagedRow): boolean {
  const path = rowPath(row)
  if (retry(() => statxFd(fd)) !== 0) throw hostError('statx', path)
  const [sec, nsec] = [stx.ctimeSec(), stx.ctimeNsec()]
  const after = row.frame.batch.after!
  const id = hashFile(fd, after.size[row.i]!, path)
  if (id === null || compareBytes(id, contentAt(after, row.i)) !== 0) return false
  if (retry(() => statxFd(fd)) !== 0) throw hostError('statx', path)
  return stx.ctimeSec() === sec && stx.ctimeNsec() === nsec
}

/** Names of one inode share all but their name: true where the file that statx saw last has all that the row wants. */
function isLinkable({ stage }: Contents, links: Links, fd: number, { frame, i }: StagedRow): boolean {
  const { target, keeper } = stage
  if (stx.devMajor() !== target.devMajor || stx.devMinor() !== target.devMinor) return false
  statxRow(links.seen, i)
  const xattrs = keeper.xattrs ? links.xattrs.ofFd(fd, deviceKey(stx.devMajor(), stx.devMinor())) : EMPTY
  return xattrs !== null && matches(keeper, frame.batch.after!, links.seen, { target: EMPTY, xattrs }, i)
}

/** Two files of the tree that are not linked there must not become one: an inode is linked once. */
function linkFile(contents: Contents, { seen, linked }: Links, fd: number, row: StagedRow): boolean {
  const low = seen.inoHalves[2 * row.i]!
  const high = seen.inoHalves[2 * row.i + 1]!
  if (linked.meet(low, high, 0, NAMES_MAX, EMPTY, EMPTY) !== null) return false
  const [dirFd, name] = enterStage(contents.stage, row, stageDirOf(row.frame, row.d))
  // By the descriptor: this inode, whatever has come to its name meanwhile.
  const result = retry(() => libc.linkat(AT_FDCWD, procFd(fd), dirFd, nameAddress(name), AT_SYMLINK_FOLLOW))
  if (result === 0) return true
  if (!unlinkable.has(libc.errno())) throw hostError('link', rowPath(row))
  return false
}

/** More names than an inode can have: the table forgets none. */
const NAMES_MAX = 0xffffffff

/** Another mount, too many names, another user's file (protected_hardlinks), no /proc, no links there: it is copied. */
const unlinkable = new Set<number>([Errno.EXDEV, Errno.EMLINK, Errno.EPERM, Errno.EACCES, Errno.ENOENT, Errno.ENOTSUP])

/**
 * Makes the file of a row, which has a content id, a copy of an open one, or gives it the same blocks. The bytes are hashed as
 * they were copied: whoever writes to the file meanwhile is noticed.
 * @returns null where they are not those of the id
 * @throws HostError
 */
export function copyVerified(contents: Contents, fd: number, row: StagedRow): Filled | null {
  const hasher = createHasher()
  const open = openContentOf(contents, row, hasher)
  let isCloned = false
  try {
    isCloned = cloneFile(fd, open.fd)
    const from = isCloned ? open.fd : fd
    const { bytes, address } = readBuffer()
    for (let length = -1; length !== 0 && open.offset < open.size; ) {
      length = readAt(from, address, Math.min(bytes.length, open.size - open.offset), open.offset, open.path)
      if (!isCloned) appendTo(contents, open, bytes.subarray(0, length))
      else {
        hasher.update(bytes.subarray(0, length))
        open.offset += length
      }
    }
  } catch (error) {
    dropContent(contents, open)
    throw error
  }
  if (!sealContent(contents, open)) {
    if (!isCloned) contents.bytes -= open.offset
    return null
  }
  return isCloned ? 'cloned' : 'copied'
}

function copyBelieved(contents: Contents, fd: number, row: StagedRow): Filled {
  const { keeper } = contents.stage
  const { frame, d, i } = row
  const after = frame.batch.after!
  const path = rowPath(row)
  const [dirFd, name] = enterStage(contents.stage, row, stageDirOf(frame, d))
  const outFd = createFile(keeper, dirFd, name, after, i, path)
  let isCloned = false
  try {
    isCloned = cloneFile(fd, outFd)
    if (!isCloned) copyBytes(fd, outFd, after.size[i]!, path)
  } catch (error) {
    libc.close(outFd)
    throw error
  }
  closeNew(keeper, outFd, row, path)
  if (!isCloned) contents.bytes += after.size[i]!
  return isCloned ? 'cloned' : 'copied'
}
