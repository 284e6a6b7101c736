/** What is done for rows in conflict, by the user's choice. What is there is never lost: it stays, or is kept elsewhere. */

import { Kind, State } from '../../base/constants.ts'
import { lengthAt, optionalBytesAt } from '../../model/bytes-column.ts'
import { needsContent } from '../../model/need.ts'
import { type Frame, Op } from '../journal/journal-frame.ts'
import { installBits } from '../journal/stage-place.ts'

export type Policy = {
  /**
   * fail: nothing at all is done. skip: the row is left out. overwrite: it is done, and what is there is kept under the
   * suffix or in the backup folder. keep-both: what is there stays, and the changeset's entry is put beside it.
   */
  onConflict: 'fail' | 'skip' | 'overwrite' | 'keep-both'
  /** Added to the name of what is kept beside, or put beside. */
  suffix: Uint8Array
  /** Whether what is overwritten goes to a folder of its own instead. */
  hasFolder: boolean
}

/**
 * True where children of a directory in conflict are dealt with as if it were none: what is in its way goes, or it is put beside that.
 * Not so one that is moved: rows below it name places in it that would be others beside.
 */
export function isForced({ onConflict }: Policy, after: 'new' | 'moved' | 'none', isSeenDirectory: boolean): boolean {
  return onConflict === 'overwrite' || (onConflict === 'keep-both' && after === 'new' && !isSeenDirectory)
}

/**
 * What is done for a row in conflict: bits of Op, or 0 where it is left out.
 * @param bitsOfNew where the row's new entry comes from
 */
export function resolve(policy: Policy, frame: Frame, d: number, i: number, bitsOfNew: () => number): number {
  const { before, after, seen, state } = frame.batch
  if (policy.onConflict === 'fail' || policy.onConflict === 'skip' || state![i] === State.parent) return 0
  const seenKind = seen?.kind[i] ?? Kind.absent
  const afterKind = after?.kind[i] ?? Kind.absent
  // The root has no name that anything could be kept beside or instead of.
  if (afterKind !== Kind.directory && lengthAt(frame.batch.names, i) === 0) return 0
  const isOverwrite = policy.onConflict === 'overwrite'
  if (afterKind === Kind.absent) return isOverwrite && seenKind !== Kind.absent ? Op.out | Op.keep : 0
  const isMovedDirectory = afterKind === Kind.directory && optionalBytesAt(after!.moved, i).length > 0
  // A directory that is to be moved here and is not there has contents that nobody sends.
  if (isMovedDirectory && (bitsOfNew() & Op.moved) === 0) return 0
  if (seenKind === Kind.absent) return installBits(frame, d, bitsOfNew())
  const isBothDirectories = afterKind === Kind.directory && seenKind === Kind.directory
  // Two directories are made one, which one that is moved as a whole cannot be.
  const isMoved = [before, after].some((side) => optionalBytesAt(side?.moved ?? null, i).length > 0)
  if (isBothDirectories && isMoved) return 0
  if (isOverwrite) return isBothDirectories ? Op.meta : overwrite(bitsOfNew())
  if (isMovedDirectory) return 0
  // A change of metadata alone says nothing of a file that has other contents by now.
  const isWhole = afterKind !== Kind.file || after!.size[i] === 0 || needsContent(before, after, i)
  return isBothDirectories || !isWhole ? 0 : Op.in | Op.beside | bitsOfNew()
}

/** What was moved here is installed, not exchanged: it is not in the stage. */
function overwrite(made: number): number {
  return Op.keep | made | ((made & Op.moved) === 0 ? Op.swap : Op.out | Op.in)
}

/** The name of what is kept or put beside an entry. */
export function besideName(policy: Policy, name: Uint8Array): Uint8Array {
  return Buffer.concat([name, policy.suffix])
}
