/**
 * Moves are pairs (spec §8.1): what a row says was moved to its path is displaced by the row of the path it came from, and for
 * it alone. Either row may come first, so that this can be said only behind the last.
 */
import { Kind, State } from '../../base/constants.ts'
import { pathAt } from '../../model/batch.ts'
import { optionalBytesAt } from '../../model/bytes-column.ts'
import { compareBytes } from '../../model/path.ts'
import { findRow, giveUp, type Journal } from '../journal/journal.ts'
import { type Frame, movedTo, Op } from '../journal/journal-frame.ts'
import { forEachDir } from '../journal/journal-walk.ts'
import { addConflict, type Findings } from '../target/findings.ts'

/**
 * Says of every row that installs a moved entry that it would find none, and of every directory that is there already that the
 * one which was to be moved there would be lost.
 * @throws HostError
 */
export function checkMoves(journal: Journal, findings: Findings): void {
  forEachDir(journal, (frame, d, first, end) => {
    for (let i = first; i < end; i++) {
      const op = frame.op[i]!
      if ((op & Op.moved) !== 0 && !hasOrigin(journal, frame, d, i))
        addMoveConflict(findings, pathAt(frame.batch, d, i), State.missing)
      if ((op & Op.out) !== 0 && frame.batch.before!.kind[i] === Kind.directory)
        keepFromLoss(journal, findings, frame, i)
    }
  })
}

function hasOrigin(journal: Journal, frame: Frame, d: number, i: number): boolean {
  const origin = findRow(journal, optionalBytesAt(frame.batch.after!.moved, i))
  if (origin === null || (origin.frame.op[origin.i]! & Op.out) === 0) return false
  return compareBytes(movedTo(origin.frame, origin.i), pathAt(frame.batch, d, i)) === 0
}

/**
 * A directory goes to where a row installs it. Where that row holds already, another directory is there; such a row may be in no frame
 * at all, for frames in which all rows hold are not kept.
 */
function keepFromLoss(journal: Journal, findings: Findings, frame: Frame, i: number): void {
  const to = movedTo(frame, i)
  if (to.length === 0) return
  const place = findRow(journal, to)
  if (place !== null && place.frame.batch.state![place.i] !== State.done) return
  addMoveConflict(findings, to, State.exists)
  if (place !== null) giveUp(journal, place, State.exists)
}

function addMoveConflict(findings: Findings, path: Uint8Array, state: number): void {
  addConflict(findings, () => ({ path, state, before: null, after: null, seen: null }))
}
