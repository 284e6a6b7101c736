/**
 * Moves are pairs (spec §8.1): what a row says was moved to its path is displaced by the row of the path it came from, and for
 * it alone; what a row moves away arrives where its row says. Either row may come first, so that this can be said only behind the last.
 */
import { Kind, State } from '../../base/constants.ts'
import { pathAt } from '../../model/batch.ts'
import { optionalBytesAt } from '../../model/bytes-column.ts'
import { compareBytes } from '../../model/path.ts'
import { type Found, findRow, giveUp, type Journal } from '../journal/journal.ts'
import { type Frame, movedTo, Op } from '../journal/journal-frame.ts'
import { forEachDir } from '../journal/journal-walk.ts'
import { addConflict, type Findings } from '../target/findings.ts'

/**
 * Says of every row that installs a moved entry that it would find none, of every row that moves one away that it would be lost, and
 * of every directory that is there already that the one which was to be moved there would be lost.
 * @throws HostError
 */
export function checkMoves(journal: Journal, findings: Findings): void {
  forEachDir(journal, (frame, d, first, end) => {
    for (let i = first; i < end; i++) {
      const op = frame.op[i]!
      if ((op & Op.moved) !== 0 && !hasOrigin(journal, frame, d, i)) leaveHalf(journal, findings, frame, d, i)
      if ((op & Op.out) !== 0) checkDestination(journal, findings, frame, d, i)
    }
  })
}

function checkDestination(journal: Journal, findings: Findings, frame: Frame, d: number, i: number): void {
  const to = movedTo(frame, i)
  if (to.length === 0) return
  const place = findRow(journal, to)
  const isPair = place !== null && compareBytes(movedFrom(place), pathAt(frame.batch, d, i)) === 0
  if (!isPair) leaveHalf(journal, findings, frame, d, i)
  else if (frame.batch.before!.kind[i] === Kind.directory) keepFromLoss(journal, findings, to, place)
}

function hasOrigin(journal: Journal, frame: Frame, d: number, i: number): boolean {
  const origin = findRow(journal, optionalBytesAt(frame.batch.after!.moved, i))
  if (origin === null || (origin.frame.op[origin.i]! & Op.out) === 0) return false
  return compareBytes(movedTo(origin.frame, origin.i), pathAt(frame.batch, d, i)) === 0
}

/** A directory goes to where a row installs it. Where that row holds already, another directory is there. */
function keepFromLoss(journal: Journal, findings: Findings, to: Uint8Array, place: Found): void {
  if (place.frame.batch.state![place.i] !== State.done) return
  addMoveConflict(findings, to, State.exists)
  giveUp(journal, place, State.exists)
}

/** Half a move is none. */
function leaveHalf(journal: Journal, findings: Findings, frame: Frame, d: number, i: number): void {
  giveUp(journal, { frame, i }, State.missing)
  addMoveConflict(findings, pathAt(frame.batch, d, i), State.missing)
}

function movedFrom({ frame, i }: Found): Uint8Array {
  return optionalBytesAt(frame.batch.after?.moved ?? null, i)
}

function addMoveConflict(findings: Findings, path: Uint8Array, state: number): void {
  addConflict(findings, () => ({ path, state, before: null, after: null, seen: null }))
}
