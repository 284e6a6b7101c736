/**
 * The stage of an apply that was cut short before its decision: what had arrived in it can be used again. Nothing in it is
 * believed: a file is hashed before it is used, and what came there through a name that others have is left alone.
 */

import { HostError } from '../../base/errors.ts'
import { contentAt, hasContent } from '../../model/entries.ts'
import { compareBytes, joinPath } from '../../model/path.ts'
import { hashFile, openFile } from '../entry/see.ts'
import { statxFd, stx } from '../entry/statx.ts'
import { deviceKey, type XattrReader } from '../entry/xattr-reader.ts'
import { closeJournal, findOrdinal, type Journal } from '../journal/journal.ts'
import { Op } from '../journal/journal-frame.ts'
import { openCutJournal } from '../journal/journal-open.ts'
import { frames } from '../journal/journal-walk.ts'
import { stageDirOf, stagePlaceOf } from '../journal/stage-place.ts'
import { nameAddress } from '../native/c-string.ts'
import { check, hostError, retry } from '../native/call.ts'
import { Errno, errnoName, O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { keptXattrs } from '../target/keeper.ts'
import { presentSeen, setMetadata } from '../target/metadata.ts'
import type { Target } from '../target/target.ts'
import { type Cursor, closeCursor, createCursor, enter } from '../target/target-cursor.ts'
import { NEW, type Stage } from './stage.ts'
import { enterStage, rowPath, type StagedRow } from './stage-object.ts'

/** The files of a stage, by the ordinals of the rows that they are for. */
export type StagedFiles = { journal: Journal; cursor: Cursor }

export type KeptStage = StagedFiles & { name: Uint8Array }

/** A content that had come, or was about to. */
export type KeptContent = { ordinal: number; id: Uint8Array; size: number }

/**
 * Opens the stage of this name for reading.
 * @returns null where it is another user's, or nothing had come
 * @throws HostError
 */
export function openKeptStage(target: Target, name: Uint8Array): KeptStage | null {
  const fd = openFolder(target.fd, name, target.path)
  if (fd === -1) return null
  try {
    check('statx', target.path, () => statxFd(fd))
    if (stx.uid() !== libc.geteuid() || (stx.mode() & 0o077) !== 0) return null
    const newFd = openFolder(fd, NEW, target.path)
    if (newFd === -1) return null
    const journal = openJournalIn(fd, target.path)
    if (journal !== null) return { name, journal, cursor: createCursor(newFd) }
    libc.close(newFd)
    return null
  } finally {
    libc.close(fd)
  }
}

function openFolder(dirFd: number, name: Uint8Array, path: Uint8Array): number {
  const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
  const fd = retry(() => libc.openat(dirFd, nameAddress(name), flags, 0))
  if (fd === -1 && libc.errno() !== Errno.ENOENT && libc.errno() !== Errno.EACCES) throw hostError('open', path)
  return fd
}

function openJournalIn(stageFd: number, path: Uint8Array): Journal | null {
  try {
    return openCutJournal(stageFd, path)
  } catch (error) {
    if (error instanceof HostError && error.code === 'ENOENT') return null
    throw error
  }
}

export function closeKeptStage({ journal, cursor }: KeptStage): void {
  closeCursor(cursor)
  libc.close(cursor.rootFd)
  closeJournal(journal)
}

/** The contents that the rows of a stage were waiting for, in row order; not all of them need have come. @throws HostError */
export function* contentsIn({ journal }: StagedFiles): Iterable<KeptContent> {
  for (const { firstOrdinal, batch, op } of frames(journal)) {
    const { after } = batch
    for (let i = 0; after !== null && i < batch.rowCount; i++) {
      if ((op[i]! & Op.content) === 0 || !hasContent(after, i)) continue
      yield { ordinal: firstOrdinal + i, id: contentAt(after, i).slice(), size: after.size[i]! }
    }
  }
}

/** Where a file of a kept stage is in the target. @throws HostError */
export function pathInTarget({ name, journal }: KeptStage, ordinal: number): Uint8Array {
  const { dir, name: last } = placeAt(journal, ordinal)
  return joinPath(joinPath(joinPath(name, NEW), dir), last)
}

function placeAt(journal: Journal, ordinal: number): ReturnType<typeof stagePlaceOf> {
  const { frame, d, i } = findOrdinal(journal, ordinal)!
  return stagePlaceOf(frame, d, i)
}

/**
 * Opens a file of a stage where it is there and hashes to its id.
 * @returns -1 where it is not
 * @throws HostError
 */
export function openStaged(files: StagedFiles, { ordinal, id, size }: KeptContent): number {
  const { dir, name } = placeAt(files.journal, ordinal)
  const dirFd = enter(files.cursor, dir)
  const fd = dirFd === -1 ? -1 : openFile(dirFd, name, null)
  if (fd === -1) return -1
  // openFile has just seen it. What has other names may be somebody else's too.
  const found = stx.size() === size && stx.nlink() === 1 ? hashFile(fd, size, name) : null
  if (found !== null && compareBytes(found, id) === 0) return fd
  libc.close(fd)
  return -1
}

/**
 * Takes a file that `openStaged` has opened as `fd` to the place of a row, whose metadata it gets.
 * @throws HostError
 */
export function moveStaged(
  from: StagedFiles,
  ordinal: number,
  fd: number,
  stage: Stage,
  row: StagedRow,
  xattrs: XattrReader,
): void {
  const { frame, d, i } = row
  const { keeper } = stage
  const path = rowPath(row)
  const { dir, name } = placeAt(from.journal, ordinal)
  const fromFd = enter(from.cursor, dir)
  if (fromFd === -1) throw hostError('open', path)
  const [dirFd, newName] = enterStage(stage, row, stageDirOf(frame, d))
  check('rename', path, () => libc.renameat2(fromFd, nameAddress(name), dirFd, nameAddress(newName), 0))
  check('statx', path, () => statxFd(fd))
  const present = presentSeen()
  const after = frame.batch.after!
  if (keeper.xattrs) {
    const found = xattrs.ofFd(fd, deviceKey(stx.devMajor(), stx.devMinor()))
    if (found === null) throw new HostError(errnoName(xattrs.errno), 'listxattr', path)
    present.xattrs = keptXattrs(keeper, after.kind[i]!, found)
  }
  setMetadata(keeper, { fd }, present, after, i, path)
}
