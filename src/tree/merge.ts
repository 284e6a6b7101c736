/**
 * The lock-step merge of two streams of rows (spec §6): both ascend in row order, so one pass pairs the rows of equal
 * paths. Resumable: it runs as far as the batches go that it was fed, then says which side it needs next. It holds two
 * batches and nothing else, however long the streams are.
 */
import { assert } from '../base/assert.ts'
import type { Batch } from '../model/batch.ts'
import { bytesAt, startOf } from '../model/bytes-column.ts'
import { comparePaths, compareRanges } from '../model/path.ts'

/** Where a merge stands in one stream. */
export type Cursor = {
  batch: Batch | null
  /** Directory of the next row. */
  d: number
  /** The next row. */
  i: number
  hasEnded: boolean
}

/** What a merge meets. A row stands in directory `d` of its batch at index `i`. */
export type MergeVisitor = {
  /**
   * Called where two batches of equal row count start together. If they hold the same paths it may answer with marks:
   * then `both` is called for the marked rows only. Null: every row is visited.
   */
  markRows(before: Batch, after: Batch): Uint8Array | null
  onlyBefore(before: Batch, d: number, i: number): void
  onlyAfter(after: Batch, d: number, i: number): void
  /** Both streams have a row of this path; called for equal rows too. */
  both(before: Batch, i: number, after: Batch, d: number, j: number): void
}

/** Which stream a merge needs a batch of, or its end. */
export type Need = 'before' | 'after' | 'nothing'

export function createCursor(): Cursor {
  return { batch: null, d: 0, i: 0, hasEnded: false }
}

/** Gives the next batch of a stream, or null for its end. */
export function feed(cursor: Cursor, batch: Batch | null): void {
  assert(cursor.batch === null && !cursor.hasEnded, 'a cursor is fed when it is spent')
  if (batch === null) cursor.hasEnded = true
  else if (batch.rowCount > 0) Object.assign(cursor, { batch, d: 0, i: 0 })
}

/** Merges until a side is spent. 'nothing': both streams have ended and every row was visited. */
export function mergeRows(before: Cursor, after: Cursor, visitor: MergeVisitor): Need {
  for (;;) {
    if (before.batch === null && !before.hasEnded) return 'before'
    if (after.batch === null && !after.hasEnded) return 'after'
    if (before.batch === null && after.batch === null) return 'nothing'
    if (before.batch === null) visitDirectory(after, visitor.onlyAfter)
    else if (after.batch === null) visitDirectory(before, visitor.onlyBefore)
    else if (!visitMarked(before, after, visitor)) mergeDirectories(before, after, visitor)
  }
}

/** Visits the marked rows of two whole batches. */
function visitMarked(before: Cursor, after: Cursor, visitor: MergeVisitor): boolean {
  const a = before.batch!
  const b = after.batch!
  if (before.i !== 0 || after.i !== 0 || a.rowCount !== b.rowCount) return false
  const marks = visitor.markRows(a, b)
  if (marks === null) return false
  for (let i = marks.indexOf(1), d = 0; i >= 0; i = marks.indexOf(1, i + 1)) {
    while (i >= b.dirRowEnds[d]!) d++
    visitor.both(a, i, b, d, i)
  }
  before.batch = null
  after.batch = null
  return true
}

function mergeDirectories(before: Cursor, after: Cursor, visitor: MergeVisitor): void {
  const order = comparePaths(bytesAt(before.batch!.dirs, before.d), bytesAt(after.batch!.dirs, after.d))
  if (order < 0) visitDirectory(before, visitor.onlyBefore)
  else if (order > 0) visitDirectory(after, visitor.onlyAfter)
  else mergeNames(before, after, visitor)
}

/** Visits the rest of a directory that the other stream does not have. */
function visitDirectory(cursor: Cursor, visit: (batch: Batch, d: number, i: number) => void): void {
  const { batch, d } = cursor
  const end = batch!.dirRowEnds[d]!
  for (let i = cursor.i; i < end; i++) visit(batch!, d, i)
  moveTo(cursor, end)
}

/** Merges one directory until either batch has no more rows of it. */
function mergeNames(before: Cursor, after: Cursor, visitor: MergeVisitor): void {
  const a = before.batch!
  const b = after.batch!
  const aNames = a.names
  const bNames = b.names
  const iEnd = a.dirRowEnds[before.d]!
  const jEnd = b.dirRowEnds[after.d]!
  let i = before.i
  let j = after.i
  let aStart = startOf(aNames, i)
  let bStart = startOf(bNames, j)
  while (i < iEnd && j < jEnd) {
    const aEnd = aNames.ends[i]!
    const bEnd = bNames.ends[j]!
    const order = compareRanges(aNames.heap, aStart, aEnd, bNames.heap, bStart, bEnd)
    if (order === 0) visitor.both(a, i, b, after.d, j)
    else if (order < 0) visitor.onlyBefore(a, before.d, i)
    else visitor.onlyAfter(b, after.d, j)
    if (order <= 0) {
      i++
      aStart = aEnd
    }
    if (order >= 0) {
      j++
      bStart = bEnd
    }
  }
  moveTo(before, i)
  moveTo(after, j)
}

/** Moves to a row of the same directory, or behind it: to the next directory, or out of the batch. */
function moveTo(cursor: Cursor, i: number): void {
  const batch = cursor.batch!
  cursor.i = i
  if (i < batch.dirRowEnds[cursor.d]!) return
  cursor.d++
  if (cursor.d === batch.dirRowEnds.length) cursor.batch = null
}
