/**
 * The stage: a private folder in the target's root, on the same filesystem, in which everything is prepared. new/ holds what is
 * to be installed, old/ what was displaced, `journal` what was found and decided. Marker files say how far an apply
 * has come: none: the target is untouched; `decided`: go on or go back; `complete`: only the stage is left to remove.
 */
import { onInterrupt } from '../../base/cleanup.ts'
import { removeTree } from '../entry/remove-tree.ts'
import { stepIn } from '../entry/rename.ts'
import { statxFd, statxName, stx } from '../entry/statx.ts'
import { COPIED_UP, PART as COPIED_UP_PART } from '../journal/copied-up.ts'
import { closeJournal, JOURNAL, type Journal, JournalFlag, moveToStage } from '../journal/journal.ts'
import { openJournal } from '../journal/journal-open.ts'
import { nameAddress } from '../native/c-string.ts'
import { check, found, hostError, retry } from '../native/call.ts'
import {
  AT_REMOVEDIR,
  Errno,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
} from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { closeKeep, type Keep, loadKeep, SETTINGS, saveKeep } from '../target/keep.ts'
import { type Keeper, learnOwner } from '../target/keeper.ts'
import { setTime } from '../target/metadata.ts'
import type { Target } from '../target/target.ts'
import { type Cursor, closeCursor, createCursor } from '../target/target-cursor.ts'
import { stageName, timeOfName } from './stage-name.ts'

export type Stage = {
  target: Target
  keeper: Keeper
  /** Name of the folder in the target's root. */
  name: Uint8Array
  fd: number
  newFd: number
  oldFd: number
  /** Where what is to be kept goes. */
  keep: Keep
  /** Over new/, for entries made one by one and for files made by the hundred. */
  cursor: Cursor
  fileCursor: Cursor
  journal: Journal
  /** Takes back the promise to remove the stage when the program is interrupted. */
  release: () => void
}

/** How far the apply that a stage belongs to has come. */
export type StagePhase = 'staging' | 'decided' | 'complete'

/** Holds what is to be installed. */
export const NEW = Buffer.from('new')
const OLD = Buffer.from('old')
const DECIDED = Buffer.from('decided')
const COMPLETE = Buffer.from('complete')
/** Has the name of the copy of the whole tree, where one is made. */
export const COPY = Buffer.from('copy')
/** Where directories are made that take the place of others (commit/lift.ts). */
export const LIFT = Buffer.from('lift')
/** A further name of a file, for a moment (commit/copy-up.ts). */
export const SPARE = Buffer.from('spare')
const OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

/**
 * Makes an empty stage, with the journal in it. The root's time stays as it was.
 * @param isKept whether it stays where the program is interrupted
 * @throws HostError; nothing is then left behind
 */
export function createStage(target: Target, keeper: Keeper, journal: Journal, keep: Keep, isKept: boolean): Stage {
  check('statx', target.path, () => statxFd(target.fd))
  const rootTime = { sec: stx.mtimeSec(), nsec: stx.mtimeNsec() }
  const name = stageName(rootTime)
  stepIn(target.fd, keeper.privileges, 'mkdir', target.path, () => libc.mkdirat(target.fd, nameAddress(name), 0o700))
  const release = isKept ? () => {} : onInterrupt(() => removeInHaste(target, keeper, name))
  const fds: number[] = []
  try {
    setTime(keeper, { fd: target.fd }, rootTime.sec, rootTime.nsec, target.path)
    const fd = check('open', target.path, () => libc.openat(target.fd, nameAddress(name), OPEN_DIRECTORY, 0))
    fds.push(fd)
    makePrivate(fd, target.path)
    const newFd = makeFolder(fd, NEW, target.path)
    fds.push(newFd)
    const oldFd = makeFolder(fd, OLD, target.path)
    fds.push(oldFd)
    learnOwner(keeper, newFd, target.path)
    moveToStage(journal, fd, flagsOf(target, keeper))
    if (keep.suffix.length > 0 || keep.folder !== null) saveKeep(keep, fd)
    return {
      target,
      keeper,
      keep,
      name,
      fd,
      newFd,
      oldFd,
      cursor: createCursor(newFd),
      fileCursor: createCursor(newFd),
      journal,
      release,
    }
  } catch (error) {
    for (const fd of fds) libc.close(fd)
    release()
    removeStageOf(target, keeper, name)
    throw error
  }
}

function flagsOf({ isMade }: Target, { xattrs, hidesTrusted }: Keeper): number {
  const made = isMade ? JournalFlag.madeRoot : 0
  return made | (xattrs ? JournalFlag.xattrs : 0) | (hidesTrusted ? JournalFlag.hidesTrusted : 0)
}

/** Opens a stage that an apply has left. @throws HostError */
export function openStage(target: Target, keeper: Keeper, name: Uint8Array): Stage {
  const open = (dirFd: number, folder: Uint8Array): number =>
    check('open', target.path, () => libc.openat(dirFd, nameAddress(folder), OPEN_DIRECTORY, 0))
  const fd = open(target.fd, name)
  const newFd = open(fd, NEW)
  const oldFd = open(fd, OLD)
  learnOwner(keeper, newFd, target.path)
  const journal = openJournal(fd, target.path)
  keeper.xattrs = (journal.flags & JournalFlag.xattrs) !== 0
  keeper.hidesTrusted = (journal.flags & JournalFlag.hidesTrusted) !== 0
  return {
    target,
    keeper,
    keep: loadKeep(fd, target),
    name,
    fd,
    newFd,
    oldFd,
    cursor: createCursor(newFd),
    fileCursor: createCursor(newFd),
    journal,
    release: () => {},
  }
}

/** How far the stage of this name has come. @throws HostError: a stage that cannot be read must not count as empty */
export function phaseOf(target: Target, name: Uint8Array): StagePhase {
  return lookInto(target, name, (fd) => {
    if (isMarkedComplete(fd, target.path)) return 'complete'
    check('statx', target.path, () => statxFd(fd))
    if (stx.mode() === REMOVED_COMPLETE_MODE) return 'complete'
    return found('statx', target.path, () => statxName(fd, nameAddress(DECIDED))) ? 'decided' : 'staging'
  })
}

/** True where what a stage held of the target is gone: its removal has begun. @throws HostError */
export function isEmptied(target: Target, name: Uint8Array): boolean {
  return lookInto(target, name, (fd) => !found('statx', target.path, () => statxName(fd, nameAddress(OLD))))
}

function lookInto<T>(target: Target, name: Uint8Array, look: (fd: number) => T): T {
  const flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
  const fd = check('open', target.path, () => libc.openat(target.fd, nameAddress(name), flags, 0))
  try {
    return look(fd)
  } finally {
    libc.close(fd)
  }
}

function isMarkedComplete(stageFd: number, path: Uint8Array): boolean {
  return found('statx', path, () => statxName(stageFd, nameAddress(COMPLETE)))
}

/** Nobody else may look in, and what is made in it inherits neither group nor ACL from the root. */
function makePrivate(fd: number, path: Uint8Array): void {
  for (const name of ['system.posix_acl_default', 'system.posix_acl_access']) {
    const result = retry(() => libc.fremovexattr(fd, nameAddress(Buffer.from(name))))
    if (result !== 0 && libc.errno() !== Errno.ENODATA && libc.errno() !== Errno.ENOTSUP) {
      throw hostError('removexattr', path)
    }
  }
  check('statx', path, () => statxFd(fd))
  if (stx.mode() !== 0o700) check('fchmod', path, () => libc.fchmod(fd, 0o700))
}

function makeFolder(stageFd: number, name: Uint8Array, path: Uint8Array): number {
  check('mkdir', path, () => libc.mkdirat(stageFd, nameAddress(name), 0o700))
  return check('open', path, () => libc.openat(stageFd, nameAddress(name), OPEN_DIRECTORY, 0))
}

/**
 * Makes the decision, for good once this returns. Everything staged must be on disk before.
 * @throws HostError; no decision is then made
 */
export function markDecided(stage: Stage, durable: boolean): void {
  const flags = O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC
  const path = stage.target.path
  const fd = check('open', path, () => libc.openat(stage.fd, nameAddress(DECIDED), flags, 0o600))
  libc.close(fd)
  if (!durable || retry(() => libc.fsync(stage.fd)) === 0) return
  const error = hostError('fsync', path)
  check('unlink', path, () => libc.unlinkat(stage.fd, nameAddress(DECIDED), 0))
  throw error
}

/**
 * Says that every row is done: what was displaced is no longer needed.
 * @throws HostError; the decision stands, and the way back is open
 */
export function markComplete(stage: Stage, durable: boolean): void {
  const path = stage.target.path
  if (durable) check('syncfs', path, () => libc.syncfs(stage.fd))
  check('rename', path, () => libc.renameat2(stage.fd, nameAddress(DECIDED), stage.fd, nameAddress(COMPLETE), 0))
  // ORDER: the mark must be on disk before anything of what was displaced is gone.
  if (!durable || retry(() => libc.fsync(stage.fd)) === 0) return
  const error = hostError('fsync', path)
  check('rename', path, () => libc.renameat2(stage.fd, nameAddress(COMPLETE), stage.fd, nameAddress(DECIDED), 0))
  throw error
}

/** Takes the decision back, once every row is undone. @throws HostError */
export function markUndone(stage: Stage, durable: boolean): void {
  const path = stage.target.path
  if (durable) check('syncfs', path, () => libc.syncfs(stage.fd))
  check('unlink', path, () => libc.unlinkat(stage.fd, nameAddress(DECIDED), 0))
}

export function closeStage(stage: Stage): void {
  closeCursor(stage.cursor)
  closeCursor(stage.fileCursor)
  closeJournal(stage.journal)
  closeKeep(stage.keep, stage.target)
  for (const fd of [stage.newFd, stage.oldFd, stage.fd]) libc.close(fd)
  stage.release()
}

/** ORDER: the markers go last, so that a stage that is removed in part is still known for what it is. */
const CONTENTS = [OLD, NEW, LIFT, SPARE, JOURNAL, COPIED_UP, COPIED_UP_PART, SETTINGS, COPY, DECIDED, COMPLETE]

/** Removes a stage with all that is in it; the root's time stays as it is. @throws HostError */
export function removeStageOf(target: Target, keeper: Keeper, name: Uint8Array): void {
  const fd = check('open', target.path, () => libc.openat(target.fd, nameAddress(name), OPEN_DIRECTORY, 0))
  try {
    if (!isBeingRemoved(fd, target.path)) {
      putRootTimeBack(target, keeper, fd, name)
      const mode = isMarkedComplete(fd, target.path) ? REMOVED_COMPLETE_MODE : REMOVED_MODE
      // Where there are no such modes the markers alone tell.
      if (retry(() => libc.fchmod(fd, mode)) !== 0 && libc.errno() !== Errno.EPERM)
        throw hostError('fchmod', target.path)
    }
    for (const name of CONTENTS) removeTree(fd, name, target.path)
  } finally {
    libc.close(fd)
  }
  check('statx', target.path, () => statxFd(target.fd))
  const sec = stx.mtimeSec()
  const nsec = stx.mtimeNsec()
  const remove = (): number => libc.unlinkat(target.fd, nameAddress(name), AT_REMOVEDIR)
  stepIn(target.fd, keeper.privileges, 'rmdir', target.path, remove)
  setTime(keeper, { fd: target.fd }, sec, nsec, target.path)
}

const HASTE_TRIES = 20
const HASTE_MILLISECONDS = 10

/** RACE: other threads may be making files in the stage: they end with the job they are at. */
function removeInHaste(target: Target, keeper: Keeper, name: Uint8Array): void {
  const sleeper = new Int32Array(new SharedArrayBuffer(4))
  for (let tries = 1; ; tries++) {
    try {
      removeStageOf(target, keeper, name)
      return
    } catch (error) {
      if (tries === HASTE_TRIES) throw error
      Atomics.wait(sleeper, 0, 0, HASTE_MILLISECONDS)
    }
  }
}

/**
 * The sticky bit says that the removal of a stage has begun: what is missing in it has been there. The bit before it says
 * that the apply was complete: so a stage is known for what it is when its last marker is gone, too.
 */
const REMOVED_MODE = 0o1700
const REMOVED_COMPLETE_MODE = 0o5700

function isBeingRemoved(stageFd: number, path: Uint8Array): boolean {
  check('statx', path, () => statxFd(stageFd))
  return stx.mode() === REMOVED_MODE || stx.mode() === REMOVED_COMPLETE_MODE
}

/** A crash right after a stage was made leaves it empty, and the root with the time of that moment. */
function putRootTimeBack(target: Target, keeper: Keeper, stageFd: number, name: Uint8Array): void {
  const told = timeOfName(name)
  if (told === null || found('statx', target.path, () => statxName(stageFd, nameAddress(NEW)))) return
  setTime(keeper, { fd: target.fd }, told.sec, told.nsec, target.path)
}
