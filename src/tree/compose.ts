/**
 * Two changesets in a row to one (spec §8.7): from a to b and from b to c becomes from a to c. Pure and resumable as diff
 * is. Rows that tell moves are composed in compose-moves.ts.
 */
import { Kind } from '../base/constants.ts'
import { RefusedError } from '../base/errors.ts'
import { type Batch, pathAt } from '../model/batch.ts'
import { type Entries, entryAt, hasContent } from '../model/entries.ts'
import { quotePath } from '../model/escape.ts'
import { changesContent, isSameStamp } from '../model/need.ts'
import { keyPath, pathKey } from '../model/path.ts'
import {
  ALL_DIFFERENCES,
  type Compare,
  type CompareRules,
  createCompare,
  Difference,
  IGNORED_SHIFT,
} from './compare.ts'
import { copyEntry, copyEntryKeeping, copySides, markSuspect } from './copy-entry.ts'
import { createCursor, feed, type MergeVisitor, mergeRows, type Need } from './merge.ts'
import { isEqualEntry } from './replay.ts'
import { RowOutput } from './row-output.ts'

/**
 * Composes two changesets as long as no row tells a move. Feed the first as `before`, the second as `after`. `run` throws RefusedError
 * `not-composable` where the second does not begin at what the first ends with.
 */
export class Compose {
  readonly output = new RowOutput()
  readonly #first = createCursor()
  readonly #second = createCursor()
  readonly #rules: CompareRules
  readonly #compare: Compare
  readonly #visitor: MergeVisitor

  constructor(rules: CompareRules) {
    this.#rules = rules
    this.#compare = createCompare(rules)
    this.#visitor = {
      markRows: () => null,
      onlyBefore: (batch, d, i) => copyRow(this.output, batch, d, i),
      onlyAfter: (batch, d, i) => copyRow(this.output, batch, d, i),
      both: (first, i, second, d, j) => this.#composeRow(first, i, second, d, j),
    }
  }

  /** Gives the next batch of the first (`before`) or the second changeset (`after`), or null for its end. */
  feed(side: 'before' | 'after', batch: Batch | null): void {
    if (batch !== null) this.output.learnOwners(batch, side)
    feed(side === 'before' ? this.#first : this.#second, batch)
  }

  run(): Need {
    return mergeRows(this.#first, this.#second, this.#visitor)
  }

  /** The rows of a side that were fed and not yet merged. */
  rest(side: 'before' | 'after'): Batch[] {
    const { batch, d, i } = side === 'before' ? this.#first : this.#second
    if (batch === null) return []
    const output = new RowOutput()
    output.learnOwners(batch, side)
    for (let dir = d, row = i; row < batch.rowCount; row++) {
      while (row >= batch.dirRowEnds[dir]!) dir++
      copyRow(output, batch, dir, row)
    }
    return output.take(true)
  }

  #composeRow(first: Batch, i: number, second: Batch, d: number, j: number): void {
    const path = pathAt(second, d, j)
    const isMiddle = isPresent(first.after, i)
    if (isMiddle !== isPresent(second.before, j)) throw notComposable(pathKey(path))
    if (isMiddle) checkMiddle(pathKey(path), first.after!, i, { entries: second.before!, i: j }, this.#rules)
    const hasBefore = isPresent(first.before, i)
    const hasAfter = isPresent(second.after, j)
    if (!hasBefore && !hasAfter) return
    const isChange = hasBefore && hasAfter
    const isOpen = isChange && this.#areContentsOpen(first, i, second, j)
    const mask = isChange ? this.#compare(first.before!, i, second.after!, j) : 0
    if (isChange && !isOpen && (mask & ALL_DIFFERENCES) === 0) return
    const { builder } = this.output
    const row = this.output.startRow(second, d, j)
    if (hasBefore) copyEntry(builder.before, row, first.before!, i)
    if (hasBefore && hasAfter) {
      copyEntryKeeping(builder.after, row, second.after!, j, first.before!, i, mask >> IGNORED_SHIFT)
    } else if (hasAfter) copyEntry(builder.after, row, second.after!, j)
    if (isOpen) markSuspect(builder.after, row, true)
    this.output.endRow()
  }

  /** True where the contents changed on the way, and only equal size and time say that they changed back. */
  #areContentsOpen(first: Batch, i: number, second: Batch, j: number): boolean {
    const a = first.before!
    const c = second.after!
    if (a.kind[i] !== Kind.file || c.kind[j] !== Kind.file || !isSameStamp(a, i, c, j)) return false
    if (a.size[i] === 0 || (hasContent(a, i) && hasContent(c, j))) return false
    if ((this.#compare(a, i, c, j) & Difference.suspect) !== 0) return true
    return hasNewContent(first, i) || hasNewContent(second, j)
  }
}

function copyRow(output: RowOutput, batch: Batch, d: number, i: number): void {
  const row = output.startRow(batch, d, i)
  copySides(output.builder, row, batch, i)
  output.endRow()
}

/** True where the row brings, or may bring, other contents than the path had before. */
export function hasNewContent({ before, after }: Batch, i: number): boolean {
  if (!isPresent(before, i) || !isPresent(after, i)) return true
  return before!.kind[i] !== Kind.file || after!.kind[i] !== Kind.file || changesContent(before!, after!, i)
}

/** Throws where what the first changeset ends with at a path is not what the second one begins with there. */
export function checkMiddle(
  key: string,
  entries: Entries,
  i: number,
  expected: { entries: Entries; i: number },
  { ignored }: CompareRules,
): void {
  const a = { ...entryAt(entries, i)! }
  const b = entryAt(expected.entries, expected.i)!
  if (ignored.has('mode')) a.mode = b.mode
  if (ignored.has('owner')) Object.assign(a, { uid: b.uid, gid: b.gid })
  if (ignored.has('times')) Object.assign(a, { mtimeSec: b.mtimeSec, mtimeNsec: b.mtimeNsec })
  if (ignored.has('xattrs')) a.xattrs = b.xattrs
  if (ignored.has('links')) a.link = b.link
  if (!isEqualEntry(a, b)) throw notComposable(key)
}

export function notComposable(key: string): RefusedError {
  const path = quotePath(keyPath(key))
  return new RefusedError('not-composable', `${path}: the second changeset does not begin where the first one ends`)
}

function isPresent(entries: Entries | null, i: number): boolean {
  return entries !== null && entries.kind[i] !== Kind.absent
}
