/** Which rows need the bytes of a content from elsewhere (spec §8.3): the one rule for packing, applying and showing. */
import { Kind, State } from '../base/constants.ts'
import type { Batch } from './batch.ts'
import { type BytesColumn, lengthAt, startOf } from './bytes-column.ts'
import { contentAt, type Entries, hasContent } from './entries.ts'
import { compareBytes, compareRanges } from './path.ts'

/**
 * True where row i brings contents that the tree before does not have at the path, or where it says that they were moved
 * from. Not so for empty files, for later names of a hard-link group, and for changes of metadata alone. Where the ids of both sides are not known, equal
 * size and time mean equal contents, unless the row is suspect.
 */
export function needsContent(before: Entries | null, after: Entries | null, i: number): boolean {
  if (after === null || after.kind[i] !== Kind.file || after.size[i] === 0 || hasBytes(after.link, i)) return false
  // A moved file brings its contents along; without an id they are only held to be the same, on weaker evidence.
  if (hasBytes(after.moved, i)) return !hasContent(after, i)
  return before === null || before.kind[i] !== Kind.file || changesContent(before, after, i)
}

/** True for a row of a plan that nothing will be done for, whatever the user chooses to do about conflicts. */
export function isSettled({ state }: Batch, i: number): boolean {
  return state !== null && (state[i] === State.done || state[i] === State.skipped)
}

/**
 * True where a file that moved, of unknown contents, is the same inode with the same size and time: a diff marks all that moved on
 * weaker evidence with the hint `racy` (spec §8.5).
 */
export function isSameInodeMove(after: Entries, i: number): boolean {
  const { hints } = after
  return hasBytes(after.moved, i) && hints !== null && hints.ino[i] !== 0n && hints.racy[i] === 0
}

/** True where the contents of two regular files are not known to be equal, by their ids or by a trusted size and time. */
export function changesContent(before: Entries, after: Entries, i: number): boolean {
  if (hasContent(before, i) && hasContent(after, i)) {
    return compareBytes(contentAt(before, i), contentAt(after, i)) !== 0
  }
  return !isSameStamp(before, i, after, i) || isSuspect(before, after, i)
}

/**
 * True where equal size and time are not trusted: the after side says so with its hint `racy`, or the sides are equal in
 * all but hints, for then there is no other reason for the row. Such a row may turn out to be no change, or one of
 * metadata alone. Both sides must be regular files.
 */
export function isSuspect(before: Entries, after: Entries, i: number): boolean {
  if (hasContent(before, i) && hasContent(after, i)) return false
  return isSameStamp(before, i, after, i) && ((after.hints?.racy[i] ?? 0) === 1 || isSameMetadata(before, after, i))
}

/** True where two regular files have the same size and modification time. */
export function isSameStamp(a: Entries, i: number, b: Entries, j: number): boolean {
  return a.size[i] === b.size[j] && a.mtimeSec[i] === b.mtimeSec[j] && a.mtimeNsec[i] === b.mtimeNsec[j]
}

function isSameMetadata(a: Entries, b: Entries, i: number): boolean {
  return (
    a.mode[i] === b.mode[i] &&
    a.uid[i] === b.uid[i] &&
    a.gid[i] === b.gid[i] &&
    isSameBytes(a.xattrs, b.xattrs, i) &&
    isSameBytes(a.link, b.link, i)
  )
}

function hasBytes(column: BytesColumn | null, i: number): boolean {
  return column !== null && lengthAt(column, i) > 0
}

function isSameBytes(a: BytesColumn | null, b: BytesColumn | null, i: number): boolean {
  if (a === null || b === null) return hasBytes(a, i) === hasBytes(b, i)
  return compareRanges(a.heap, startOf(a, i), a.ends[i]!, b.heap, startOf(b, i), b.ends[i]!) === 0
}
