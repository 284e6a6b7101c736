/** Copies one entry from column to column, without making an object of it: for rows by the million. */
import { Kind } from '../base/constants.ts'
import type { Batch, BatchBuilder } from '../model/batch.ts'
import { type BytesColumn, bytesAt, lengthAt } from '../model/bytes-column.ts'
import { contentAt, type Entries, type Hints, hasContent } from '../model/entries.ts'
import type { EntriesBuilder } from '../model/entries-builder.ts'
import { Difference } from './compare.ts'

/** Copies row j of `from` to row i, the last row so far, `moved` included. An absent entry stays absent. */
export function copyEntry(to: EntriesBuilder, i: number, from: Entries, j: number): void {
  copyEntryKeeping(to, i, from, j, from, j, 0)
}

/** Copies both sides of row j of a batch to row i, the last row so far. */
export function copySides(to: BatchBuilder, i: number, { before, after }: Batch, j: number): void {
  if (before !== null) copyEntry(to.before, i, before, j)
  if (after !== null) copyEntry(to.after, i, after, j)
}

/**
 * The same as copyEntry, but what `kept` names (bits of Difference: mtime, mode, owner, xattrs, link) is taken from row k of `old`.
 */
export function copyEntryKeeping(
  to: EntriesBuilder,
  i: number,
  from: Entries,
  j: number,
  old: Entries,
  k: number,
  kept: number,
): void {
  if (from.kind[j] === Kind.absent) return
  to.kind[i] = from.kind[j]!
  to.mode[i] = (kept & Difference.mode) !== 0 ? old.mode[k]! : from.mode[j]!
  to.uid[i] = (kept & Difference.owner) !== 0 ? old.uid[k]! : from.uid[j]!
  to.gid[i] = (kept & Difference.owner) !== 0 ? old.gid[k]! : from.gid[j]!
  to.size[i] = from.size[j]!
  to.mtimeSec[i] = (kept & Difference.mtime) !== 0 ? old.mtimeSec[k]! : from.mtimeSec[j]!
  to.mtimeNsec[i] = (kept & Difference.mtime) !== 0 ? old.mtimeNsec[k]! : from.mtimeNsec[j]!
  if (from.rdevMajor !== null) to.rdevMajor[i] = from.rdevMajor[j]!
  if (from.rdevMinor !== null) to.rdevMinor[i] = from.rdevMinor[j]!
  if (hasContent(from, j)) to.setContent(i, contentAt(from, j))
  if (isThere(from.target, j)) to.setTarget(i, bytesAt(from.target, j))
  copyLink(to, i, (kept & Difference.link) !== 0 ? old : from, (kept & Difference.link) !== 0 ? k : j)
  if (isThere(from.moved, j)) to.setMoved(i, bytesAt(from.moved, j))
  copyXattrs(to, i, (kept & Difference.xattrs) !== 0 ? old : from, (kept & Difference.xattrs) !== 0 ? k : j)
  if (from.hints !== null) copyHints(to, i, from.hints, j)
  to.touch(from.hints !== null)
}

function copyLink(to: EntriesBuilder, i: number, from: Entries, j: number): void {
  if (isThere(from.link, j)) to.setLink(i, bytesAt(from.link, j))
}

function copyXattrs(to: EntriesBuilder, i: number, from: Entries, j: number): void {
  if (isThere(from.xattrs, j)) to.setXattrs(i, bytesAt(from.xattrs, j))
}

function copyHints(to: EntriesBuilder, i: number, from: Hints, j: number): void {
  to.ino[i] = from.ino[j]!
  to.devMajor[i] = from.devMajor[j]!
  to.devMinor[i] = from.devMinor[j]!
  to.ctimeSec[i] = from.ctimeSec[j]!
  to.ctimeNsec[i] = from.ctimeNsec[j]!
  to.nlink[i] = from.nlink[j]!
  to.racy[i] = from.racy[j]!
  if (isThere(from.holes, j)) to.setHoles(i, bytesAt(from.holes, j))
}

/** Says so to the type checker too: the column is there, and row i of it is not empty. */
function isThere(column: BytesColumn | null, i: number): column is BytesColumn {
  return column !== null && lengthAt(column, i) > 0
}

/** Says of row i, whose sides are regular files of equal size and time, whether its contents are suspect (spec §8.3). */
export function markSuspect(to: EntriesBuilder, i: number, isSuspect: boolean): void {
  to.racy[i] = isSuspect ? 1 : 0
  if (isSuspect) to.touch(true)
}
