/**
 * Two snapshots to a changeset (spec §8.2): the rows that lead from the tree before to the tree after. Pure: it is fed
 * batches of both sides and gives batches of rows. Memory: two input batches, the rows of one output batch.
 */
import { Kind } from '../base/constants.ts'
import { type Batch, pathAt } from '../model/batch.ts'
import { BytesColumnBuilder, bytesAt, lengthAt, optionalBytesAt } from '../model/bytes-column.ts'
import { type Entries, hasContent } from '../model/entries.ts'
import { isSameStamp } from '../model/need.ts'
import { withoutTrusted } from '../model/xattrs.ts'
import { isAligned, markDifferentEntries, markDifferentInodes } from './aligned.ts'
import { BlindSpots } from './blind-spots.ts'
import {
  ALL_DIFFERENCES,
  BY_TIME,
  type Compare,
  type CompareRules,
  createCompare,
  Difference,
  IGNORED_SHIFT,
} from './compare.ts'
import { copyEntry, copyEntryKeeping, markSuspect } from './copy-entry.ts'
import type { Filter } from './filter.ts'
import { createCursor, feed, type MergeVisitor, mergeRows, type Need } from './merge.ts'
import { RowOutput } from './row-output.ts'

export type DiffRules = CompareRules & {
  /** The filters of each snapshot; null where both have the same. */
  filters: { before: Filter; after: Filter } | null
  /** Attributes of the trusted namespace are not compared, nor in the rows: one of the two scans could not see them. */
  hidesTrusted: boolean
}

/** Merges two snapshots. Feed what `run` asks for, take the output, run again until it needs nothing. */
export class TreeDiff {
  readonly output = new RowOutput()
  /** What each snapshot could not see: give it the problems of its stream as they come. */
  readonly blindSpots: { before: BlindSpots; after: BlindSpots }
  /** Contents that were judged equal by size and time only. */
  judgedByTime = 0
  /** Rows that are neither a delete nor an add, because the other side could not have seen them. */
  leftOut = 0
  /** Is told each entry of both sides that gets no row, where it is not null. */
  onUnchanged: ((before: Entries, i: number, after: Entries, j: number) => void) | null = null
  readonly #before = createCursor()
  readonly #after = createCursor()
  readonly #compare: Compare
  readonly #clearsLinks: boolean
  readonly #hidesTrusted: boolean
  readonly #ignoresTimes: boolean
  readonly #visitor: MergeVisitor

  constructor(rules: DiffRules) {
    this.#compare = createCompare(rules)
    this.#clearsLinks = rules.ignored.has('links')
    this.#hidesTrusted = rules.hidesTrusted
    this.#ignoresTimes = rules.ignoreTimes
    this.blindSpots = {
      before: new BlindSpots(rules.filters?.before ?? null),
      after: new BlindSpots(rules.filters?.after ?? null),
    }
    this.#visitor = {
      markRows: (before, after) => this.#markRows(before, after),
      onlyBefore: (batch, d, i) => this.#visitDeleted(batch, d, i),
      onlyAfter: (batch, d, i) => this.#visitAdded(batch, d, i),
      both: (before, i, after, d, j) => this.#visitBoth(before, i, after, d, j),
    }
  }

  /** Gives the next batch of a side, or null for its end. */
  feed(side: 'before' | 'after', batch: Batch | null): void {
    if (batch !== null) this.output.learnOwners(batch, side)
    const linked = this.#clearsLinks ? withoutLinks(batch) : batch
    feed(side === 'before' ? this.#before : this.#after, this.#hidesTrusted ? withoutTrustedIn(linked) : linked)
  }

  /** Merges as far as the batches go; then says which side to feed. */
  run(): Need {
    return mergeRows(this.#before, this.#after, this.#visitor)
  }

  /** True where both sides stand between two batches: equal frames may be passed over here. */
  get isBetweenBatches(): boolean {
    return this.#before.batch === null && this.#after.batch === null
  }

  /** Marks what has to be compared row by row in two batches of the same paths. */
  #markRows(before: Batch, after: Batch): Uint8Array | null {
    const a = before.after
    const b = after.after
    if (a === null || b === null || this.onUnchanged !== null || !isAligned(before, after)) return null
    const marks = new Uint8Array(after.rowCount)
    markDifferentEntries(a, b, marks)
    if (!this.#ignoresTimes && a.hints !== null && b.hints !== null) {
      markDifferentInodes(a.hints, b.hints, marks)
      return marks
    }
    for (let i = 0; i < marks.length; i++) {
      if (marks[i] !== 0 || b.kind[i] !== Kind.file || b.size[i] === 0 || hasContent(b, i)) continue
      if (this.#ignoresTimes) marks[i] = 1
      else if (b.link === null || lengthAt(b.link, i) === 0) this.judgedByTime++
    }
    return marks
  }

  #visitDeleted(batch: Batch, d: number, i: number): void {
    if (this.#isHidden(this.blindSpots.after, batch, d, i)) return
    const row = this.output.startRow(batch, d, i)
    copyEntry(this.output.builder.before, row, batch.after!, i)
    this.output.endRow()
  }

  #visitAdded(batch: Batch, d: number, i: number): void {
    if (this.#isHidden(this.blindSpots.before, batch, d, i)) return
    const row = this.output.startRow(batch, d, i)
    copyEntry(this.output.builder.after, row, batch.after!, i)
    this.output.endRow()
  }

  #isHidden(side: BlindSpots, batch: Batch, d: number, i: number): boolean {
    if (side.isEmpty) return false
    const isDirectory = batch.after!.kind[i] === Kind.directory
    const isHidden = side.hidesRow(batch, d, i, isDirectory)
    if (isHidden) this.leftOut++
    else if (isDirectory) side.addGone(pathAt(batch, d, i))
    return isHidden
  }

  #visitBoth(before: Batch, i: number, after: Batch, d: number, j: number): void {
    const a = before.after!
    const b = after.after!
    let mask = this.#compare(a, i, b, j)
    if (mask === 0) {
      this.onUnchanged?.(a, i, b, j)
      return
    }
    if ((mask & BY_TIME) !== 0) this.judgedByTime++
    const { before: blindBefore, after: blindAfter } = this.blindSpots
    if (!blindBefore.isEmpty || !blindAfter.isEmpty) mask = this.#setAsideUnseen(mask, a, i, after, d, j)
    if ((mask & ALL_DIFFERENCES) === 0) {
      this.onUnchanged?.(a, i, b, j)
      return
    }
    const { builder } = this.output
    const row = this.output.startRow(after, d, j)
    copyEntry(builder.before, row, a, i)
    const kept = mask >> IGNORED_SHIFT
    copyEntryKeeping(builder.after, row, b, j, a, i, kept)
    if (isJudgedByStamp(a, i, b, j, kept)) markSuspect(builder.after, row, (mask & Difference.suspect) !== 0)
    this.output.endRow()
  }

  /** Differences in what one side could not see do not count. */
  #setAsideUnseen(mask: number, a: Entries, i: number, after: Batch, d: number, j: number): number {
    if ((mask & ALL_DIFFERENCES) === 0) return mask
    const { before: blindBefore, after: blindAfter } = this.blindSpots
    const b = after.after!
    const path = pathAt(after, d, j)
    let aside = 0
    if ((mask & Difference.xattrs) !== 0 && (blindBefore.hidesXattrs(path) || blindAfter.hidesXattrs(path))) {
      aside |= Difference.xattrs
    }
    const isUnseen = (side: BlindSpots, link: Uint8Array): boolean => link.length > 0 && side.hidesPath(link)
    const links = { before: optionalBytesAt(a.link, i), after: optionalBytesAt(b.link, j) }
    if ((mask & Difference.link) !== 0 && (isUnseen(blindAfter, links.before) || isUnseen(blindBefore, links.after))) {
      aside |= Difference.link
    }
    if ((mask & Difference.kind) !== 0) {
      if (a.kind[i] === Kind.directory) blindAfter.addGone(path)
      if (b.kind[j] === Kind.directory) blindBefore.addGone(path)
    }
    return (mask & ~aside) | (aside << IGNORED_SHIFT)
  }
}

function withoutLinks(batch: Batch | null): Batch | null {
  if (batch === null || batch.after === null) return batch
  return { ...batch, after: { ...batch.after, link: null } }
}

/** The batch without attributes of the trusted namespace, which one side could not see. */
function withoutTrustedIn(batch: Batch | null): Batch | null {
  const after = batch?.after ?? null
  if (batch === null || after === null || after.xattrs === null) return batch
  const xattrs = new BytesColumnBuilder()
  for (let i = 0; i < after.count; i++) xattrs.push(withoutTrusted(bytesAt(after.xattrs, i)))
  return { ...batch, after: { ...after, xattrs: xattrs.take() } }
}

/** True where two regular files have nothing but size and time, equal in the row, to judge their contents by. */
function isJudgedByStamp(a: Entries, i: number, b: Entries, j: number, kept: number): boolean {
  if (a.kind[i] !== Kind.file || b.kind[j] !== Kind.file || (hasContent(a, i) && hasContent(b, j))) return false
  return isSameStamp(a, i, b, j) || (a.size[i] === b.size[j] && (kept & Difference.mtime) !== 0)
}
