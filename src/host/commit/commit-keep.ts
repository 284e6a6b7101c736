/** The step of a commit that keeps what was displaced: it is renamed out of the stage, beside its old name or into a folder. */

import { Kind, State } from '../../base/constants.ts'
import { HostError } from '../../base/errors.ts'
import { pathAt } from '../../model/batch.ts'
import { bytesAt } from '../../model/bytes-column.ts'
import { type NameIn, renameTo } from '../entry/rename.ts'
import { stx } from '../entry/statx.ts'
import { type Frame, Op } from '../journal/journal-frame.ts'
import { keptDirOf } from '../journal/place-after.ts'
import { ordinalName } from '../journal/stage-place.ts'
import { hostError } from '../native/call.ts'
import { Errno, errnoName } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { isTakenIn, placeInFolder } from '../target/keep.ts'
import { enter } from '../target/target-cursor.ts'
import { type Commit, DriftError, exists } from './commit-step.ts'

/** Takes the entry that a row has displaced to where it is kept. @throws DriftError where that name is taken, HostError */
export function keepEntry(commit: Commit, frame: Frame, d: number, i: number): void {
  const from = heldBy(commit, frame, i)
  if (from === null) return
  withPlace(commit, frame, d, i, (to) => {
    if (renameTo(from, to, commit.stage.keeper.privileges) === 0) return
    const path = pathAt(frame.batch, d, i)
    if (libc.errno() !== Errno.EEXIST) throw hostError('rename', path)
    throw new DriftError({ path, state: State.exists, before: null, after: null, seen: null })
  })
}

/** True where an earlier run has taken the entry that stood at the row's name to where it is kept. @throws HostError */
export function isKept({ stage, cursor, isResumed }: Commit, frame: Frame, d: number, i: number): boolean {
  if (!isResumed || (frame.op[i]! & Op.keep) === 0) return false
  const { keep } = stage
  const isThere = keep.folder === null ? isBeside() : isTakenIn(keep, pathAt(frame.batch, d, i))
  return isThere && stx.ino() === frame.batch.seen!.hints!.ino[i]

  function isBeside(): boolean {
    const dirFd = enter(cursor, keptDirOf(stage.journal, frame, d, i))
    return dirFd !== -1 && exists({ dirFd, name: Buffer.concat([bytesAt(frame.batch.names, i), keep.suffix]) })
  }
}

/** Takes a kept entry back into the stage. @throws HostError */
export function unkeepEntry(commit: Commit, frame: Frame, d: number, i: number, isSwap: boolean): void {
  if (heldBy(commit, frame, i) !== null) return
  const { stage } = commit
  const to: NameIn = { dirFd: isSwap ? stage.newFd : stage.oldFd, name: ordinalName(frame.firstOrdinal + i) }
  withPlace(commit, frame, d, i, (from) => {
    if (!exists(from) || stx.ino() !== frame.batch.seen!.hints!.ino[i]) return
    if (renameTo(from, to, stage.keeper.privileges) !== 0) throw hostError('rename', pathAt(frame.batch, d, i))
  })
}

/** Where the stage holds the entry that stood at the row's name; null where it does not (any more, or yet). */
function heldBy({ stage, isCopy }: Commit, { firstOrdinal, batch }: Frame, i: number): NameIn | null {
  const name = ordinalName(firstOrdinal + i)
  const { kind, hints } = batch.seen!
  // The directories of a copy are others; and there, no earlier run has done a part.
  const isCopied = isCopy && kind[i] === Kind.directory
  for (const dirFd of [stage.oldFd, stage.newFd]) {
    if (exists({ dirFd, name }) && (isCopied || stx.ino() === hints!.ino[i])) return { dirFd, name }
  }
  return null
}

function withPlace(commit: Commit, frame: Frame, d: number, i: number, use: (place: NameIn) => void): void {
  const { stage, cursor } = commit
  const name = bytesAt(frame.batch.names, i)
  if (stage.keep.folder === null) {
    const dir = keptDirOf(stage.journal, frame, d, i)
    const dirFd = enter(cursor, dir)
    if (dirFd === -1) throw new HostError(errnoName(libc.errno()), 'open', dir)
    use({ dirFd, name: Buffer.concat([name, stage.keep.suffix]) })
    return
  }
  const place = placeInFolder(stage.keep, pathAt(frame.batch, d, i))
  try {
    use(place)
  } finally {
    libc.close(place.dirFd)
  }
}
