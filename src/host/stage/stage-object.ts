/** Makes staged entries of every kind. A directory gets its metadata when everything in it is made (stage-finish.ts). */
import { Kind, State } from '../../base/constants.ts'
import { bytesAt, optionalBytesAt } from '../../model/bytes-column.ts'
import type { Entries } from '../../model/entries.ts'
import { joinPath, splitPath } from '../../model/path.ts'
import { openFile } from '../entry/see.ts'
import { modeOfKind } from '../entry/statx.ts'
import { copyFile } from '../entry/write-file.ts'
import { type Frame, Op } from '../journal/journal-frame.ts'
import { isInside, ordinalName, stageDirOf } from '../journal/stage-place.ts'
import { nameAddress } from '../native/c-string.ts'
import { check, hostError, retry } from '../native/call.ts'
import { Errno, O_CLOEXEC, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } from '../native/errno.ts'
import { addressOf, libc } from '../native/libc.ts'
import { type Keeper, keptMode, lose } from '../target/keeper.ts'
import { presentNew, setMetadata } from '../target/metadata.ts'
import type { Target } from '../target/target.ts'
import { closeCursor, createCursor, enter } from '../target/target-cursor.ts'
import type { Stage } from './stage.ts'

/** A row of a frame that is being staged. */
export type StagedRow = { frame: Frame; d: number; i: number }

/**
 * Makes what the rows of a frame need and what needs no contents from elsewhere.
 * @param onContent is given each row whose bytes come from the stream
 * @throws HostError
 */
export function stageFrame(stage: Stage, frame: Frame, onContent: (row: StagedRow) => void): void {
  const { dirRowEnds, after } = frame.batch
  if (after === null) return
  for (let d = 0, i = 0; d < dirRowEnds.length; d++) {
    const dirPath = stageDirOf(frame, d)
    for (; i < dirRowEnds[d]!; i++) {
      const op = frame.op[i]!
      if ((op & (Op.in | Op.swap | Op.inside)) === 0 || (op & (Op.link | Op.moved)) !== 0) continue
      const row = { frame, d, i }
      if ((op & Op.content) !== 0) onContent(row)
      else if ((op & Op.copy) !== 0) copyFromTarget(stage, row)
      else makeObject(stage, row, dirPath)
    }
  }
}

/** The directory of the stage that a row's entry is made in, and its name there. @throws HostError */
export function enterStage(stage: Stage, { frame, d, i }: StagedRow, dirPath: Uint8Array): [number, Uint8Array] {
  if (!isInside(frame, d, i)) return [stage.newFd, ordinalName(frame.firstOrdinal + i)]
  const fd = enter(stage.cursor, dirPath)
  if (fd === -1) throw hostError('open', bytesAt(frame.batch.dirs, d))
  return [fd, bytesAt(frame.batch.names, i)]
}

/** The path of a row in the tree. */
export function rowPath({ frame, d, i }: StagedRow): Uint8Array {
  return joinPath(bytesAt(frame.batch.dirs, d), bytesAt(frame.batch.names, i))
}

function makeObject(stage: Stage, row: StagedRow, dirPath: Uint8Array): void {
  const [dirFd, name] = enterStage(stage, row, dirPath)
  const after = row.frame.batch.after!
  const { i } = row
  const kind = after.kind[i]!
  const path = rowPath(row)
  if (kind === Kind.directory) {
    check('mkdir', path, () => libc.mkdirat(dirFd, nameAddress(name), 0o700))
    return
  }
  if (kind === Kind.file) {
    closeNew(stage.keeper, createFile(stage.keeper, dirFd, name, after, i, path), row, path)
    return
  }
  if (kind === Kind.symlink) {
    makeSymlink(dirFd, name, optionalBytesAt(after.target, i), path)
  } else if (!makeNode(stage.keeper, dirFd, name, after, i, path)) {
    leaveOut(stage.keeper, row)
    return
  }
  const present = presentNew(stage.keeper, createdMode(stage.keeper, after, i))
  setMetadata(stage.keeper, { dirFd, name }, present, after, i, path)
}

/** The mode that open(2) and mknod(2) give a new entry: no special bits, the umask applied. */
function createdMode(keeper: Keeper, after: Entries, i: number): number {
  return keptMode(keeper, after, i) & 0o777 & ~keeper.privileges.umask
}

/** Makes an empty file and opens it for writing, and for reading what was written. @throws HostError */
export function createFile(
  keeper: Keeper,
  dirFd: number,
  name: Uint8Array,
  after: Entries,
  i: number,
  path: Uint8Array,
): number {
  const flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
  const mode = keptMode(keeper, after, i) & 0o777
  return check('open', path, () => libc.openat(dirFd, nameAddress(name), flags, mode))
}

/** Gives a file that was just written its metadata and closes it. @throws HostError */
export function closeNew(keeper: Keeper, fd: number, { frame, i }: StagedRow, path: Uint8Array): void {
  const after = frame.batch.after!
  try {
    setMetadata(keeper, { fd }, presentNew(keeper, createdMode(keeper, after, i)), after, i, path)
  } catch (error) {
    libc.close(fd)
    throw error
  }
  // A full disk or quota of a network filesystem may speak up only now. EINTR has closed it all the same.
  if (libc.close(fd) !== 0 && libc.errno() !== Errno.EINTR) throw hostError('close', path)
}

function makeSymlink(dirFd: number, name: Uint8Array, target: Uint8Array, path: Uint8Array): void {
  const bytes = new Uint8Array(Math.max(target.length + 1, 128))
  bytes.set(target)
  const address = addressOf(bytes)
  check('symlink', path, () => libc.symlinkat(address, dirFd, nameAddress(name)))
}

/** False where this process may not make such a node. */
function makeNode(
  keeper: Keeper,
  dirFd: number,
  name: Uint8Array,
  after: Entries,
  i: number,
  path: Uint8Array,
): boolean {
  const kind = after.kind[i]!
  const mode = modeOfKind(kind) | (keptMode(keeper, after, i) & 0o777)
  const device = deviceNumber(after.rdevMajor?.[i] ?? 0, after.rdevMinor?.[i] ?? 0)
  if (retry(() => libc.mknodat(dirFd, nameAddress(name), mode, device)) === 0) return true
  if (libc.errno() === Errno.EPERM && (kind === Kind.char || kind === Kind.block)) return false
  throw hostError('mknod', path)
}

/** As makedev(3) packs it. */
function deviceNumber(major: number, minor: number): number {
  return (major >>> 12) * 2 ** 44 + (minor >>> 8) * 2 ** 20 + (major & 0xfff) * 2 ** 8 + (minor & 0xff)
}

/** A device that cannot be made is not kept; what was there stays. */
function leaveOut(keeper: Keeper, row: StagedRow): void {
  const { frame, i } = row
  frame.op[i] = 0
  frame.batch.state![i] = State.skipped
  lose(keeper, 'devices', () => rowPath(row))
}

/** A file that stays as it is but for its metadata, or moves, while other names keep its inode. @throws HostError */
export function copyFromTarget(stage: Stage, row: StagedRow): void {
  const { frame, i } = row
  const after = frame.batch.after!
  const path = rowPath(row)
  const origin = optionalBytesAt(after.moved, i)
  const inFd = openInTarget(stage.target, origin.length > 0 ? origin : path)
  if (inFd === -1) throw hostError('open', path)
  try {
    const [dirFd, name] = enterStage(stage, row, stageDirOf(frame, row.d))
    const outFd = createFile(stage.keeper, dirFd, name, after, i, path)
    try {
      copyFile(inFd, outFd, after.size[i]!, path)
    } catch (error) {
      libc.close(outFd)
      throw error
    }
    closeNew(stage.keeper, outFd, row, path)
  } finally {
    libc.close(inFd)
  }
}

/** Opens a regular file at a path of the target; -1 with errno. */
export function openInTarget(target: Target, path: Uint8Array): number {
  const { dir, name } = splitPath(path)
  if (target.fd === -1) return -1
  const cursor = createCursor(target.fd)
  const dirFd = enter(cursor, dir)
  const fd = dirFd === -1 ? -1 : openFile(dirFd, name, null)
  const errno = libc.errno()
  closeCursor(cursor)
  if (fd === -1) libc.setErrno(errno)
  return fd
}
