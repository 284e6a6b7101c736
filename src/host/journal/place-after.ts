/** Where directories of the target are in the end, or were at first, and with them what no row speaks of, and what is kept beside others. */
import { Kind } from '../../base/constants.ts'
import { bytesAt, optionalBytesAt } from '../../model/bytes-column.ts'
import type { Journal } from './journal.ts'
import { rowsUpwards } from './journal-above.ts'
import { type Frame, movedTo, Op } from './journal-frame.ts'

/** The path in the end of a directory that is not deleted: it goes with the nearest that is moved, itself or one above; `dir` itself where none is. */
export function dirAfter(journal: Journal, dir: Uint8Array): Uint8Array {
  for (const { frame, i, path } of rowsUpwards(journal, dir)) {
    const to = movedTo(frame, i)
    if (frame.op[i] !== 0 && to.length > 0) return Buffer.concat([to, dir.subarray(path.length)])
  }
  return dir
}

/** The path at first of a directory that is moved, itself or with the nearest above that is; null where none is. */
export function dirBefore(journal: Journal, dir: Uint8Array): Uint8Array | null {
  for (const { frame, i, path } of rowsUpwards(journal, dir)) {
    if ((frame.op[i]! & Op.moved) === 0) continue
    return Buffer.concat([optionalBytesAt(frame.batch.after!.moved, i), dir.subarray(path.length)])
  }
  return null
}

/** The directory, as a path of the end, that what row i displaces is kept in: what is only deleted goes where its directory goes. */
export function keptDirOf(journal: Journal, { batch }: Frame, d: number, i: number): Uint8Array {
  const dir = bytesAt(batch.dirs, d)
  return (batch.after?.kind[i] ?? Kind.absent) === Kind.absent ? dirAfter(journal, dir) : dir
}
