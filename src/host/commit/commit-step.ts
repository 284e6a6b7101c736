/**
 * Single steps of a commit. Whether a step was done already is told by what is there: by names in the stage and by inode
 * numbers. So each can be taken again after a crash.
 */
import { assert } from '../../base/assert.ts'
import { Kind, State } from '../../base/constants.ts'
import { HostError } from '../../base/errors.ts'
import { bytesAt, optionalBytesAt } from '../../model/bytes-column.ts'
import { type Entries, entryAt } from '../../model/entries.ts'
import { joinPath } from '../../model/path.ts'
import { createInodeFinder } from '../check/check-content.ts'
import { exchange, type NameIn, renameTo } from '../entry/rename.ts'
import { statxName, stx } from '../entry/statx.ts'
import { findRow } from '../journal/journal.ts'
import { type Frame, movedTo, Op } from '../journal/journal-frame.ts'
import { ordinalName } from '../journal/stage-place.ts'
import { nameAddress } from '../native/c-string.ts'
import { found, hostError } from '../native/call.ts'
import { Errno, errnoName } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import type { Stage } from '../stage/stage.ts'
import type { Conflict } from '../target/findings.ts'
import type { Keeper } from '../target/keeper.ts'
import { keptTime } from '../target/kept-time.ts'
import { type Cursor, enter } from '../target/target-cursor.ts'

export type Commit = {
  stage: Stage
  /** The root of the tree that is changed: the target, or a copy of it whose directories are others. */
  rootFd: number
  isCopy: boolean
  /** Over that tree. */
  cursor: Cursor
  /** True where an earlier run may have done some of the steps. */
  isResumed: boolean
  /** Whether the filesystem can exchange two names; found out at the first. */
  canExchange: boolean
}

/** The row that a step is for, its name in the target, and its place in the stage. */
export type Step = { frame: Frame; i: number; path: Uint8Array; at: NameIn; staged: NameIn; displaced: NameIn }

/** The target was changed by another between the check and the commit. */
export class DriftError extends Error {
  override readonly name = 'DriftError'
  readonly conflict: Conflict
  constructor(conflict: Conflict) {
    super('the target has changed since it was checked')
    this.conflict = conflict
  }
}

/** True for an error that says that a directory is not there, or that something else is in its place. */
export function isGone(error: unknown): error is HostError {
  return error instanceof HostError && error.call === 'open' && GONE.has(error.code)
}

const GONE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP'])

/** The step of row i in directory d. @throws HostError */
export function stepOf({ stage, cursor }: Commit, frame: Frame, d: number, i: number): Step {
  const dir = bytesAt(frame.batch.dirs, d)
  const dirFd = enter(cursor, dir)
  if (dirFd === -1) throw new HostError(errnoName(libc.errno()), 'open', dir)
  const isBeside = (frame.op[i]! & Op.beside) !== 0
  const rowName = bytesAt(frame.batch.names, i)
  const name = isBeside ? Buffer.concat([rowName, stage.keep.suffix]) : rowName
  const ordinal = ordinalName(frame.firstOrdinal + i)
  return {
    frame,
    i,
    path: joinPath(dir, name),
    at: { dirFd, name },
    staged: { dirFd: stage.newFd, name: ordinal },
    displaced: { dirFd: stage.oldFd, name: ordinal },
  }
}

/** True where an earlier run has displaced the entry of a row; where it was moved it may be at its new place already. */
export function isDisplaced({ stage, rootFd, isResumed }: Commit, frame: Frame, i: number): boolean {
  if (!isResumed) return false
  if (exists({ dirFd: stage.oldFd, name: ordinalName(frame.firstOrdinal + i) })) return true
  const place = movedTo(frame, i)
  if (place.length === 0) return false
  const finder = createInodeFinder(rootFd)
  const ino = finder.find(place)?.ino
  finder.close()
  return ino === frame.batch.seen!.hints!.ino[i]
}

/** Op.out: the entry at the target goes to old/<ordinal>. @throws DriftError, HostError */
export function displace(commit: Commit, step: Step): void {
  if (!exists(step.at)) throw drift(step, State.missing)
  if (!isAsSeen(commit, step.frame, step.i)) throw drift(step, State.changed)
  if (renameTo(step.at, step.displaced, commit.stage.keeper.privileges) !== 0) throw hostError('rename', step.path)
}

/** Op.in: new/<ordinal>, or what was displaced from where the row says that it was moved from, is installed. */
export function install(commit: Commit, step: Step, isMoved: boolean): void {
  const from = isMoved ? displacedOrigin(commit, step) : step.staged
  if (renameTo(from, step.at, commit.stage.keeper.privileges) === 0) return
  const errno = libc.errno()
  if (errno === Errno.ENOENT && commit.isResumed && !exists(from) && exists(step.at)) return
  if (errno === Errno.EEXIST) throw drift(step, State.exists)
  libc.setErrno(errno)
  throw hostError('rename', step.path)
}

/** Op.swap: new/<ordinal> and the entry at the target change places. @throws DriftError, HostError */
export function swap(commit: Commit, step: Step): void {
  const { privileges } = commit.stage.keeper
  if (commit.isResumed && isSwapped(step)) return
  if (commit.isResumed && exists(step.displaced)) {
    install(commit, step, false)
    return
  }
  if (!exists(step.at)) throw drift(step, State.missing)
  if (!isAsSeen(commit, step.frame, step.i)) throw drift(step, State.changed)
  if (commit.canExchange) {
    if (exchange(step.staged, step.at, privileges) === 0) return
    if (libc.errno() !== Errno.EINVAL && libc.errno() !== Errno.ENOSYS) throw hostError('rename', step.path)
    commit.canExchange = false
  }
  if (renameTo(step.at, step.displaced, privileges) !== 0) throw hostError('rename', step.path)
  install(commit, step, false)
}

/** True where an exchange was made: the inode that was at the target is in the stage. */
export function isSwapped(step: Step): boolean {
  return exists(step.staged) && stx.ino() === seenIno(step)
}

/** True where something is at the name; statx has seen it. @throws HostError where that cannot be said */
export function exists({ dirFd, name }: NameIn): boolean {
  return found('statx', name, () => statxName(dirFd, nameAddress(name)))
}

function seenIno({ frame, i }: Step): bigint {
  return frame.batch.seen!.hints!.ino[i]!
}

/** Of what statx saw last: it is what the check saw. The directories of a copy are others. */
export function isAsSeen({ isCopy }: Commit, { batch }: Frame, i: number): boolean {
  const isOfCopy = isCopy && batch.seen!.kind[i] === Kind.directory && stx.kind() === Kind.directory
  return isOfCopy || isSeen(batch.seen!, i)
}

/** Of what statx saw last: the inode that the check saw, its bytes untouched since. */
export function isSeen(seen: Entries, i: number): boolean {
  if (stx.kind() !== seen.kind[i] || stx.ino() !== seen.hints!.ino[i]) return false
  return seen.kind[i] === Kind.directory || isUnwritten(seen, i)
}

/** Of what statx saw last: it has the time that row i of `seen` has, and as a file the size. */
export function isUnwritten(seen: Entries, i: number): boolean {
  const isSameTime = stx.mtimeSec() === seen.mtimeSec[i] && stx.mtimeNsec() === seen.mtimeNsec[i]
  return isSameTime && (seen.kind[i] !== Kind.file || stx.size() === seen.size[i])
}

/** Of what statx saw last: it has not the time of row i, be that kept as coarsely as filesystems do. */
export function isOfAnotherTime({ filesystem }: Keeper, { mtimeSec, mtimeNsec }: Entries, i: number): boolean {
  const given = keptTime(filesystem, mtimeSec[i]!, mtimeNsec[i]!)
  const seconds = stx.mtimeSec() - given.sec + (stx.mtimeNsec() - given.nsec) / 1e9
  return Math.abs(seconds) >= COARSEST_SECONDS
}

/** Some filesystems keep no finer times. */
const COARSEST_SECONDS = 2

/** Where the entry lies that was displaced from the place that a row says its own was moved from. */
export function displacedOrigin({ stage }: Commit, { frame, i }: Step): NameIn {
  const origin = findRow(stage.journal, optionalBytesAt(frame.batch.after!.moved, i))
  assert(origin !== null, 'a move has a row at both ends')
  return { dirFd: stage.oldFd, name: ordinalName(origin.frame.firstOrdinal + origin.i) }
}

function drift({ frame, i, path }: Step, state: number): DriftError {
  return new DriftError({
    path,
    state,
    before: entryAt(frame.batch.seen, i),
    after: entryAt(frame.batch.after, i),
    seen: null,
  })
}
