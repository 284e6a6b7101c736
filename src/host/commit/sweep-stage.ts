/**
 * The end of what a commit has displaced, or of what it had installed and has taken back: entries that are what the journal says are
 * removed, one by one. What another has put among them, or has written to, since the last look (check-displaced.ts) goes back
 * to the tree: to its own place, or beside that. So nothing is removed that nobody has looked at.
 */
import { Kind } from '../../base/constants.ts'
import { pathAt } from '../../model/batch.ts'
import { bytesAt, EMPTY } from '../../model/bytes-column.ts'
import { joinPath, splitPath } from '../../model/path.ts'
import { type NameIn, renameTo } from '../entry/rename.ts'
import { stx } from '../entry/statx.ts'
import { isNotEmpty, unlinkOpen } from '../entry/unlink-open.ts'
import { type Frame, Op } from '../journal/journal-frame.ts'
import { forEachDir } from '../journal/journal-walk.ts'
import { keptDirOf } from '../journal/place-after.ts'
import { ordinalName } from '../journal/stage-place.ts'
import { nameAddress } from '../native/c-string.ts'
import { hostError, retry } from '../native/call.ts'
import { AT_REMOVEDIR, AT_SYMLINK_NOFOLLOW, Errno } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import type { Stage } from '../stage/stage.ts'
import { type Cursor, closeCursor, createCursor, enter } from '../target/target-cursor.ts'
import { exists, isOfAnotherTime, isSeen } from './commit-step.ts'
import { forEachHeld, type Held, type HeldSide } from './held-entries.ts'

/**
 * Removes what lies in a stage, but for what is another's, or could not go back because its directory is gone.
 * @returns the paths in the tree where that is now
 * @throws HostError; it can be tried again
 */
export function sweepStage(stage: Stage, side: HeldSide): Uint8Array[] {
  const kept: Uint8Array[] = []
  const tree = createCursor(stage.target.fd)
  try {
    if (side === 'installed') {
      forEachDir(stage.journal, (frame, d, first, end) => {
        for (let i = first; i < end; i++) {
          const at = leftBehind(stage, frame, i)
          if (at !== null) kept.push(putBack(stage, tree, { frame, d, i, at, isInside: false }, side))
        }
      })
    }
    forEachHeld(
      stage,
      side,
      (held) => {
        if (!exists(held.at)) return
        if (isOurs(stage, held, side) && remove(held.at, pathOf(held))) return
        if (!held.isInside) kept.push(putBack(stage, tree, held, side))
      },
      openDirs,
    )
  } finally {
    closeCursor(tree)
  }
  return kept
}

/** Where an entry is that the way back has not put back; null for all others. */
function leftBehind({ oldFd, newFd }: Stage, { batch, op, firstOrdinal }: Frame, i: number): NameIn | null {
  if ((op[i]! & (Op.out | Op.swap)) === 0 || batch.seen === null) return null
  const name = ordinalName(firstOrdinal + i)
  if (exists({ dirFd: oldFd, name })) return { dirFd: oldFd, name }
  const isSwapped = (op[i]! & Op.swap) !== 0 && exists({ dirFd: newFd, name }) && stx.ino() === batch.seen.hints!.ino[i]
  return isSwapped ? { dirFd: newFd, name } : null
}

/** Of what statx saw last. A directory is ours where all that is in it was. */
function isOurs({ keeper }: Stage, { frame, i }: Held, side: HeldSide): boolean {
  const { seen, after } = frame.batch
  const entries = side === 'displaced' ? seen! : after!
  const kind = entries.kind[i]
  if (stx.kind() !== kind) return false
  if (kind === Kind.directory) return true
  if (side === 'displaced') return isSeen(seen!, i)
  // A further name of what is elsewhere, too.
  if ((frame.op[i]! & Op.link) !== 0 && stx.nlink() > 1) return true
  return (kind !== Kind.file || stx.size() === after!.size[i]) && !isOfAnotherTime(keeper, after!, i)
}

/** False for a directory that holds something still. @throws HostError */
function remove({ dirFd, name }: NameIn, path: Uint8Array): boolean {
  const flags = stx.kind() === Kind.directory ? AT_REMOVEDIR : 0
  if (unlinkOpen(dirFd, name, flags) === 0 || libc.errno() === Errno.ENOENT) return true
  if (flags !== 0 && isNotEmpty()) return false
  throw hostError(flags === 0 ? 'unlink' : 'rmdir', path)
}

const OPEN_MODE = 0o700

/** Gives back the permissions that its owner has taken from a directory that was to be, and from those above it. */
function openDirs(cursor: Cursor, path: Uint8Array): void {
  if (libc.errno() !== Errno.EACCES) return
  for (let slash = path.indexOf(SLASH); slash >= 0; slash = path.indexOf(SLASH, slash + 1)) {
    openDir(cursor, path.subarray(0, slash))
  }
  openDir(cursor, path)
}

function openDir(cursor: Cursor, path: Uint8Array): void {
  const { dir, name } = splitPath(path)
  const dirFd = enter(cursor, dir)
  if (dirFd !== -1) retry(() => libc.fchmodat(dirFd, nameAddress(name), OPEN_MODE, AT_SYMLINK_NOFOLLOW))
}

const SLASH = 0x2f

/** Where there is no such directory any more, the root takes it. Returns the path that it has. */
function putBack(stage: Stage, tree: Cursor, held: Held, side: HeldSide): Uint8Array {
  const { frame, d, i } = held
  const dir = side === 'displaced' ? keptDirOf(stage.journal, frame, d, i) : bytesAt(frame.batch.dirs, d)
  const own = enter(tree, dir)
  const [dirFd, dirPath] = own === -1 ? [stage.target.fd, EMPTY] : [own, dir]
  const suffix = (frame.op[i]! & Op.beside) === 0 ? EMPTY : stage.keep.suffix
  for (let number = 0; ; number++) {
    const name = Buffer.concat([bytesAt(frame.batch.names, i), suffix, besideSuffix(number)])
    if (renameTo(held.at, { dirFd, name }, stage.keeper.privileges) === 0) return joinPath(dirPath, name)
    if (libc.errno() !== Errno.EEXIST) throw hostError('rename', pathOf(held))
  }
}

function besideSuffix(number: number): Uint8Array {
  return Buffer.from(number === 0 ? '' : number === 1 ? '.late' : `.late-${number}`)
}

const pathOf = ({ frame, d, i }: Held): Uint8Array => pathAt(frame.batch, d, i)
