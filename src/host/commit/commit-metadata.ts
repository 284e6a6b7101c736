/**
 * The last pass of a commit, and of its way back: metadata of entries that stay, and times and modes of the directories that
 * were worked in, children before parents. Only what differs is set, so that it can be done again.
 */
import { Kind, State } from '../../base/constants.ts'
import { HostError } from '../../base/errors.ts'
import { bytesAt, EMPTY, optionalBytesAt } from '../../model/bytes-column.ts'
import type { Entries } from '../../model/entries.ts'
import { hasProc } from '../entry/proc-path.ts'
import { statxFd, stx } from '../entry/statx.ts'
import { deviceKey, XattrReader } from '../entry/xattr-reader.ts'
import { findRow } from '../journal/journal.ts'
import { rowsUpwards } from '../journal/journal-above.ts'
import { type Frame, movedTo, Op } from '../journal/journal-frame.ts'
import { forEachDirBackward } from '../journal/journal-walk.ts'
import { Dir } from '../journal/lineage.ts'
import { dirBefore } from '../journal/place-after.ts'
import { nameAddress } from '../native/c-string.ts'
import { check } from '../native/call.ts'
import { errnoName, O_CLOEXEC, O_NOFOLLOW, O_PATH } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { type Keeper, keptMode, keptXattrs } from '../target/keeper.ts'
import { type Place, presentSeen, setMetadata, setMode, setTime } from '../target/metadata.ts'
import { enter } from '../target/target-cursor.ts'
import { type Commit, DriftError, isGone, isOfAnotherTime, isUnwritten, type Step, stepOf } from './commit-step.ts'

/** Any step that changes what a directory holds, and with it its time. */
const TOUCHES = Op.out | Op.in | Op.swap

/** Sets what the rows lead to. @throws HostError, DriftError */
export function setFinalMetadata(commit: Commit): void {
  const xattrs = openXattrs(commit)
  forEachDirBackward(commit.stage.journal, (frame, d, first, end) => {
    let isTouched = false
    for (let i = end - 1; i >= first; i--) {
      const op = frame.op[i]!
      if ((op & TOUCHES) !== 0) isTouched = true
      const isToSet = (op & Op.meta) !== 0 || isHeldOpen(commit, frame, i) || isExchanged(frame, i)
      if (isToSet) setRow(commit, xattrs, frame, d, i, frame.batch.after!)
    }
    if (isTouched) settleDir(commit, frame, d)
  })
}

/** Sets what was seen at first. @throws HostError */
export function setSeenMetadata(commit: Commit): void {
  const xattrs = openXattrs(commit)
  forEachDirBackward(commit.stage.journal, (frame, d, first, end) => {
    const flags = frame.dirs.flags[d]!
    if ((flags & (Dir.here | Dir.arrives)) === 0) return
    let isTouched = false
    for (let i = end - 1; i >= first; i--) {
      const op = frame.op[i]!
      if ((op & TOUCHES) !== 0) isTouched = true
      // What is put beside leaves what was seen as it is.
      const isSeen = (op & Op.beside) === 0 && frame.batch.seen !== null && frame.batch.seen.kind[i] !== Kind.absent
      const isSet = isSeen && (op & (Op.meta | TOUCHES)) !== 0
      if (isSet) ifThere(() => setRow(commit, xattrs, frame, d, i, frame.batch.seen!))
    }
    if (!isTouched) return
    const path = bytesAt(frame.batch.dirs, d)
    if ((flags & Dir.here) !== 0) ifThere(() => restoreDir(commit, frame, d, path))
    else ifThere(() => restoreTakenBack(commit, frame, d, path))
  })
}

/** What another has taken away meanwhile has nothing to get back. */
function ifThere(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!isGone(error)) throw error
  }
}

/** Of a directory that is where it was before it was moved, by itself or with one above it. */
function restoreTakenBack(commit: Commit, frame: Frame, d: number, path: Uint8Array): void {
  const origin = dirBefore(commit.stage.journal, path)
  if (origin !== null) restoreDir(commit, frame, d, origin)
}

function openXattrs({ stage, rootFd }: Commit): XattrReader | null {
  return stage.keeper.xattrs ? new XattrReader(rootFd, false) : null
}

const WRITABLE = 0o200

/** A new directory without write permission could not have been renamed by its owner: its mode was left for now. */
export function isHeldOpen({ stage }: Pick<Commit, 'stage'>, frame: Frame, i: number): boolean {
  const { after } = frame.batch
  if (stage.keeper.privileges.ignoresModes || (frame.op[i]! & (Op.in | Op.swap)) === 0) return false
  return after!.kind[i] === Kind.directory && (after!.mode[i]! & WRITABLE) === 0
}

/** XFS gives a directory a new time when an exchange gives it another parent, unlike a rename. */
function isExchanged({ op, batch }: Frame, i: number): boolean {
  return (op[i]! & Op.swap) !== 0 && batch.after!.kind[i] === Kind.directory
}

function setRow(
  commit: Commit,
  xattrs: XattrReader | null,
  frame: Frame,
  d: number,
  i: number,
  entries: Entries,
): void {
  const { rootFd } = commit
  const step = stepOf(commit, frame, d, i)
  if (step.path.length === 0) {
    check('statx', step.path, () => statxFd(rootFd))
    setSeen(commit, xattrs, step, { fd: rootFd }, entries)
    return
  }
  // RACE: from here on it is this inode, whatever takes its name.
  const held = check('open', step.path, () =>
    libc.openat(step.at.dirFd, nameAddress(step.at.name), O_PATH | O_NOFOLLOW | O_CLOEXEC, 0),
  )
  try {
    check('statx', step.path, () => statxFd(held))
    setSeen(commit, xattrs, step, hasProc() ? { held } : step.at, entries)
  } finally {
    libc.close(held)
  }
}

/** Gives what statx saw last, which is at `place`, the metadata of the step's row in `entries`. */
function setSeen(commit: Commit, xattrs: XattrReader | null, step: Step, place: Place, entries: Entries): void {
  const { keeper } = commit.stage
  const { frame, i } = step
  const isWayBack = entries === frame.batch.seen
  const was = earlierOf(commit, step, entries)
  if (stx.kind() !== entries.kind[i] || (was !== null && stx.ino() !== was.entries.hints!.ino[was.i])) {
    // On the way back, what another has put there is not ours to set.
    if (isWayBack) return
    throw driftOf(step, State.type)
  }
  const isWritten =
    was !== null && stx.kind() === Kind.file && isWrittenSince(keeper, was, laterOf(commit, step, isWayBack))
  if (isWritten && !isWayBack) throw driftOf(step, State.changed)
  const present = presentSeen()
  // A directory that was displaced and nothing more keeps the time of what others have put there.
  const isAsItCame = isWayBack && stx.kind() === Kind.directory && (frame.op[i]! & (Op.swap | Op.meta)) === 0
  if (isWritten || isAsItCame) {
    // The time that its last writer gave it stays.
    present.mtimeSec = entries.mtimeSec[i]!
    present.mtimeNsec = entries.mtimeNsec[i]!
  }
  if (xattrs !== null) {
    const device = deviceKey(stx.devMajor(), stx.devMinor())
    const rootFd = 'fd' in place ? place.fd : -1
    present.xattrs = keptXattrs(keeper, entries.kind[i]!, readXattrs(xattrs, step, rootFd, device))
  }
  setMetadata(keeper, place, present, entries, i, step.path)
}

/** What an entry was or is to be, in row i of the columns. */
type Described = { entries: Entries; i: number }

/**
 * RACE: what stays, or was moved, must be the inode that was checked, its bytes untouched since, or another's metadata would be
 * set, or what another wrote get a time from before. Null where nothing was seen of it.
 */
function earlierOf({ stage, isCopy }: Commit, { frame, i }: Step, entries: Entries): Described | null {
  const { seen, after } = frame.batch
  if (isCopy && entries.kind[i] === Kind.directory) return null
  const op = frame.op[i]!
  const isNew = entries !== seen && (op & (Op.in | Op.swap)) !== 0
  const origin = isNew && (op & Op.moved) !== 0 ? findRow(stage.journal, optionalBytesAt(after!.moved, i)) : null
  const was = isNew ? (origin?.frame.batch.seen ?? null) : seen
  const at = origin?.i ?? i
  return was === null || was.kind[at] === Kind.absent || was.hints === null ? null : { entries: was, i: at }
}

/** What this commit, or an earlier run of it, makes of the entry, wherever that is moved to. */
function laterOf({ stage }: Commit, { frame, i }: Step, isWayBack: boolean): Described | null {
  const to = isWayBack ? movedTo(frame, i) : EMPTY
  const row = to.length === 0 ? { frame, i } : findRow(stage.journal, to)
  const entries = row?.frame.batch.after ?? null
  return entries === null ? null : { entries, i: row!.i }
}

/** True for a file that has neither the size and the time that the check saw, nor the time that it was given here. */
function isWrittenSince(keeper: Keeper, was: Described, later: Described | null): boolean {
  if (isUnwritten(was.entries, was.i)) return false
  if (later === null || stx.size() !== was.entries.size[was.i]) return true
  return isOfAnotherTime(keeper, later.entries, later.i)
}

function readXattrs(xattrs: XattrReader, step: Step, rootFd: number, device: number): Uint8Array {
  const { dirFd, name } = step.at
  xattrs.enter(dirFd)
  const found =
    rootFd === -1 ? xattrs.ofName(nameAddress(name), name, 0, name.length, device) : xattrs.ofFd(rootFd, device)
  if (found === null) throw new HostError(errnoName(xattrs.errno), 'listxattr', step.path)
  return found
}

function driftOf({ path }: Step, state: number): DriftError {
  return new DriftError({ path, state, before: null, after: null, seen: null })
}

/**
 * The directory was worked in. Its own row, which comes later in this pass, sets its metadata; where it has none it gets
 * back what it had, wherever it is now.
 */
function settleDir(commit: Commit, frame: Frame, d: number): void {
  const flags = frame.dirs.flags[d]!
  const path = bytesAt(frame.batch.dirs, d)
  const found = (flags & Dir.hasRow) === 0 ? null : findRow(commit.stage.journal, path)
  const op = found === null ? 0 : found.frame.op[found.i]!
  // It has no row, or one that held already and was not kept, or was left out.
  if (found === null || op === 0) {
    if ((flags & Dir.arrives) !== 0) restoreDir(commit, frame, d, path)
    else if ((flags & Dir.stays) !== 0 || (flags & (Dir.here | Dir.goes)) === Dir.here)
      restoreTakenAlong(commit, frame, d, path)
    return
  }
  if ((op & Op.meta) !== 0) return
  const after = found.frame.batch.after!
  const dirFd = enterDir(commit, path)
  setMode({ dirFd, name: DOT }, keptMode(commit.stage.keeper, after, found.i), path)
  setTime(commit.stage.keeper, { dirFd, name: DOT }, after.mtimeSec[found.i]!, after.mtimeNsec[found.i]!, path)
}

const DOT = Buffer.from('.')

/** Of a directory that stays, or was moved with one above it: where it is then, unless a row there sets it. */
function restoreTakenAlong(commit: Commit, frame: Frame, d: number, path: Uint8Array): void {
  const { journal } = commit.stage
  for (const above of rowsUpwards(journal, path)) {
    const op = above.frame.op[above.i]!
    // What is left out is where the directory above takes it.
    if (op === 0) continue
    if ((op & (Op.out | Op.swap)) === 0) break
    const newPath = movedTo(above.frame, above.i)
    // Its own row's other end sets its metadata; below one that is deleted nothing is left.
    if (newPath.length === 0 || above.path.length === path.length) return
    const place = Buffer.concat([newPath, path.subarray(above.path.length)])
    const end = findRow(journal, place)
    if (end === null || end.frame.op[end.i] === 0) restoreDir(commit, frame, d, place)
    return
  }
  restoreDir(commit, frame, d, path)
}

/** Gives a directory the time and the mode that it had. @param path where it is now */
function restoreDir(commit: Commit, frame: Frame, d: number, path: Uint8Array): void {
  const { keeper, target } = commit.stage
  // A root that was made here had nothing before.
  if (path.length === 0 && target.isMade) return
  const { mtimeSec, mtimeNsec, mode } = frame.dirs
  const dirFd = enterDir(commit, path)
  check('statx', path, () => statxFd(dirFd))
  const isSameTime = stx.mtimeSec() === mtimeSec[d] && stx.mtimeNsec() === mtimeNsec[d]
  if (stx.mode() !== mode[d]) setMode({ dirFd, name: DOT }, mode[d]!, path)
  if (!isSameTime) setTime(keeper, { dirFd, name: DOT }, mtimeSec[d]!, mtimeNsec[d]!, path)
}

function enterDir({ cursor }: Commit, path: Uint8Array): number {
  const fd = enter(cursor, path)
  if (fd === -1) throw new HostError(errnoName(libc.errno()), 'open', path)
  return fd
}
