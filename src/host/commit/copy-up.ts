/**
 * The first step of a commit on an overlay filesystem: what is to be renamed or changed is copied up from its lower layer, directories
 * are lifted (lift.ts). That makes other inodes of some of them, so they are looked at once more: from then on
 * inode numbers tell, as elsewhere, what was done.
 */
import { Kind } from '../../base/constants.ts'
import { bytesAt } from '../../model/bytes-column.ts'
import { joinPath } from '../../model/path.ts'
import { removeTree } from '../entry/remove-tree.ts'
import type { NameIn } from '../entry/rename.ts'
import { stx } from '../entry/statx.ts'
import { type CopiedUp, copiedUpRow, saveCopiedUp } from '../journal/copied-up.ts'
import { correctFrames, type Journal } from '../journal/journal.ts'
import { type Frame, Op } from '../journal/journal-frame.ts'
import { forEachDir } from '../journal/journal-walk.ts'
import { Dir } from '../journal/lineage.ts'
import { dirBefore } from '../journal/place-after.ts'
import { nameAddress } from '../native/c-string.ts'
import { retry } from '../native/call.ts'
import { libc } from '../native/libc.ts'
import { SPARE, type Stage } from '../stage/stage.ts'
import { closeCursor, createCursor, enter, leave } from '../target/target-cursor.ts'
import { exists, isUnwritten } from './commit-step.ts'
import { endLift, liftLower } from './lift.ts'

/** Copies up what the rows change, unless that was done before. @throws HostError; nothing of the rows is done yet */
export function copyUp(stage: Stage): void {
  const { journal } = stage
  if (!stage.keeper.filesystem.isLayered || journal.copiedUp !== null) return
  endLift(stage)
  forEachSeen(stage, (frame, i, at, path, leaveDir) => {
    const op = frame.op[i]!
    if (frame.batch.seen!.kind[i] !== Kind.directory) {
      if ((op & (Op.out | Op.swap | Op.meta)) !== 0) copyUpFile(stage, at)
    } else if ((op & (Op.out | Op.swap)) !== 0 && exists(at) && stx.kind() === Kind.directory) {
      liftLower(stage, at, path)
      leaveDir()
    }
  })
  const copiedUp = findCopiedUp(stage)
  saveCopiedUp(copiedUp, stage.fd, stage.target.path)
  correctFrames(journal, copiedUp)
}

/** A further name is reason enough for an overlay. Where none can be made, the file stays where it is. */
function copyUpFile({ fd, target }: Stage, { dirFd, name }: NameIn): void {
  removeTree(fd, SPARE, target.path)
  if (retry(() => libc.linkat(dirFd, nameAddress(name), fd, nameAddress(SPARE), 0)) === 0) {
    removeTree(fd, SPARE, target.path)
  }
}

/** What of the entries that rows concern is another inode than was seen, and the same for all else. */
function findCopiedUp(stage: Stage): CopiedUp {
  const rows: bigint[] = []
  forEachSeen(stage, ({ batch, firstOrdinal }, i, at) => {
    const seen = batch.seen!
    const hints = seen.hints!
    if (!exists(at) || stx.kind() !== seen.kind[i]) return
    if (seen.kind[i] !== Kind.directory && !isUnwritten(seen, i)) return
    const isSame =
      stx.ino() === hints.ino[i] && stx.ctimeSec() === hints.ctimeSec[i] && stx.ctimeNsec() === hints.ctimeNsec[i]
    if (isSame) return
    rows.push(...copiedUpRow(firstOrdinal + i, stx.ino(), stx.ctimeSec(), stx.ctimeNsec(), stx.nlink()))
  })
  return BigUint64Array.from(rows)
}

type VisitSeen = (frame: Frame, i: number, at: NameIn, path: Uint8Array, leaveDir: () => void) => void

/** Visits rows whose entry was seen, where it is before anything is done, directories before what is in them. */
function forEachSeen({ journal, target }: Stage, visit: VisitSeen): void {
  const cursor = createCursor(target.fd)
  try {
    forEachDir(journal, (frame, d, first, end) => {
      const { seen, names } = frame.batch
      if (seen === null || seen.hints === null) return
      const dir = placeBefore(journal, frame, d)
      for (let i = first; i < end; i++) {
        if (seen.kind[i] === Kind.absent) continue
        const dirFd = enter(cursor, dir)
        if (dirFd === -1) return
        const name = bytesAt(names, i)
        const path = joinPath(dir, name)
        if (name.length > 0) visit(frame, i, { dirFd, name }, path, () => leave(cursor, path))
      }
    })
  } finally {
    closeCursor(cursor)
  }
}

/** Where a directory of the rows is before anything is done. */
function placeBefore(journal: Journal, { batch, dirs }: Frame, d: number): Uint8Array {
  const path = bytesAt(batch.dirs, d)
  const isMoved = (dirs.flags[d]! & Dir.arrives) !== 0
  return (isMoved ? dirBefore(journal, path) : null) ?? path
}
