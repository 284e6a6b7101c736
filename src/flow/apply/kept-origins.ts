/**
 * With `overwrite`, what a row in conflict displaces is kept, as the inode that it is. A file that another row was to move from there
 * arrives as a copy, then. A directory arrives itself, and is not kept: there is one only.
 */
import { Kind } from '../../base/constants.ts'
import {
  changeRow,
  type Found,
  findRow,
  frameAt,
  frameCount,
  type Journal,
  rewriteFrame,
} from '../../host/journal/journal.ts'
import { Op } from '../../host/journal/journal-frame.ts'
import type { Stage } from '../../host/stage/stage.ts'
import { copyFromTarget } from '../../host/stage/stage-object.ts'
import { forEachRow } from '../../model/batch.ts'
import { optionalBytesAt } from '../../model/bytes-column.ts'

/** Takes all rows, once they are decided. @param stage null where nothing will be done @throws HostError */
export function settleKeptOrigins(journal: Journal, stage: Stage | null): void {
  const leaving: Found[] = []
  for (let k = 0; k < frameCount(journal); k++) {
    const frame = frameAt(journal, k)
    let isChanged = false
    forEachRow(frame.batch, (d, i) => {
      if ((frame.op[i]! & Op.moved) === 0) return
      const after = frame.batch.after!
      const origin = findRow(journal, optionalBytesAt(after.moved, i))
      if (origin === null || (origin.frame.op[origin.i]! & Op.keep) === 0) return
      if (after.kind[i] === Kind.directory) leaving.push(origin)
      else {
        frame.op[i] = (frame.op[i]! & ~(Op.moved | Op.meta)) | Op.copy
        isChanged = true
        if (stage !== null) copyFromTarget(stage, { frame, d, i })
      }
    })
    if (isChanged) rewriteFrame(journal, k, frame)
  }
  // Behind the walk: their frames may be ones that it still writes.
  for (const origin of leaving) letGo(journal, origin)
}

/** The directory leaves its place for the new one. What takes its place cannot be exchanged for it. */
function letGo(journal: Journal, origin: Found): void {
  changeRow(journal, origin, (op) => (op & ~(Op.keep | Op.swap)) | Op.out | ((op & Op.swap) !== 0 ? Op.in : 0))
}
