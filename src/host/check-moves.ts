/**
 * Moves are pairs (spec §8.1): what a row says was moved to its path is displaced by the row of the path it came from, and for
 * it alone. Either row may come first, so that this can be said only behind the last.
 */
import { State } from '../base/constants.ts'
import { pathAt } from '../model/batch.ts'
import { optionalBytesAt } from '../model/bytes-column.ts'
import { compareBytes } from '../model/path.ts'
import { addConflict, type Findings } from './findings.ts'
import { findRow, type Journal } from './journal.ts'
import { type Frame, movedTo, Op } from './journal-frame.ts'
import { forEachDir } from './journal-walk.ts'

/** Says of every row that installs a moved entry that it would find none. @throws HostError */
export function checkMoves(journal: Journal, findings: Findings): void {
  forEachDir(journal, (frame, d, first, end) => {
    for (let i = first; i < end; i++) {
      if ((frame.op[i]! & Op.moved) === 0 || hasOrigin(journal, frame, d, i)) continue
      const path = pathAt(frame.batch, d, i)
      addConflict(findings, () => ({ path, state: State.missing, before: null, after: null, seen: null }))
    }
  })
}

function hasOrigin(journal: Journal, frame: Frame, d: number, i: number): boolean {
  const origin = findRow(journal, optionalBytesAt(frame.batch.after!.moved, i))
  if (origin === null || (origin.frame.op[origin.i]! & Op.out) === 0) return false
  return compareBytes(movedTo(origin.frame, origin.i), pathAt(frame.batch, d, i)) === 0
}
