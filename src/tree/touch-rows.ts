/**
 * The rows of a changeset with those that its touch stands for (spec §7.8), found in the tree that it leads from, or to. Pure: it
 * is fed batches of the tree and of the changeset, and gives batches of rows. Memory: two input batches, one output batch.
 */
import { Kind } from '../base/constants.ts'
import type { Batch } from '../model/batch.ts'
import type { Entries } from '../model/entries.ts'
import type { Time } from '../model/time.ts'
import { TimeTable, type Touch } from '../model/touch.ts'
import { copyEntry, copySides } from './copy-entry.ts'
import { createCursor, feed, type MergeVisitor, mergeRows, type Need } from './merge.ts'
import { MovedDirs } from './moved-dirs.ts'
import { RowOutput } from './row-output.ts'
import { TouchedFiles } from './touched-files.ts'

/** Merges a tree, the side before, with the rows of a changeset, the side after. */
export class TouchRows {
  readonly output = new RowOutput()
  /** The files that were found. */
  readonly files = new TouchedFiles()
  readonly #times: TimeTable
  readonly #moved = new MovedDirs()
  readonly #tree = createCursor()
  readonly #rows = createCursor()
  readonly #visitor: MergeVisitor

  constructor(touch: Touch) {
    this.#times = new TimeTable(touch.pairs)
    this.#visitor = {
      markRows: () => null,
      onlyBefore: (batch, d, i) => this.#visitUnnamed(batch, d, i),
      onlyAfter: (batch, d, i) => this.#putRow(batch, d, i),
      both: (_tree, _i, batch, d, j) => this.#putRow(batch, d, j),
    }
  }

  /** Gives the next batch of a side, or null for its end. */
  feed(side: 'before' | 'after', batch: Batch | null): void {
    if (batch !== null) this.output.learnOwners(batch, side)
    feed(side === 'before' ? this.#tree : this.#rows, batch)
  }

  /** Merges as far as the batches go; then says which side to feed. */
  run(): Need {
    return mergeRows(this.#tree, this.#rows, this.#visitor)
  }

  #visitUnnamed(batch: Batch, d: number, i: number): void {
    const entries = batch.after!
    if (entries.kind[i] !== Kind.file) return
    const pair = this.#times.of(entries.mtimeSec[i]!, entries.mtimeNsec[i]!)
    if (pair === null || this.#moved.covers(batch, d)) return
    this.files.add(batch, d, i, entries, pair)
    const row = this.output.startRow(batch, d, i)
    this.#putSide('before', row, entries, i, pair.before)
    this.#putSide('after', row, entries, i, pair.after)
    this.output.builder.setTouched(row)
    this.output.endRow()
  }

  /** Hints are left out: they would be those of one side. */
  #putSide(side: 'before' | 'after', row: number, entries: Entries, i: number, { sec, nsec }: Time): void {
    const builder = this.output.builder[side]
    copyEntry(builder, row, { ...entries, hints: null }, i)
    builder.mtimeSec[row] = sec
    builder.mtimeNsec[row] = nsec
  }

  #putRow(batch: Batch, d: number, i: number): void {
    this.#moved.addRow(batch, d, i)
    const row = this.output.startRow(batch, d, i)
    copySides(this.output.builder, row, batch, i)
    this.output.endRow()
  }
}
