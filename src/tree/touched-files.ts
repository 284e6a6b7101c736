/**
 * The files that a touch speaks of as rows whose digests make its id (spec §7.8): path, size, content id, and of the two times
 * the earlier, so that it is the same id before and after.
 */
import { Kind } from '../base/constants.ts'
import type { Batch } from '../model/batch.ts'
import { contentAt, type Entries } from '../model/entries.ts'
import { compareTimes, type TimePair } from '../model/touch.ts'
import { RowOutput } from './row-output.ts'

export class TouchedFiles {
  readonly #output = new RowOutput()

  get count(): number {
    return this.#output.rowCount
  }

  /** Adds the file of row i of `batch`, which has one of the times of `pair`; `entries` is the side that has it. */
  add(batch: Batch, d: number, i: number, entries: Entries, { before, after }: TimePair): void {
    const row = this.#output.startRow(batch, d, i)
    const side = this.#output.builder.after
    const earlier = compareTimes(before, after) < 0 ? before : after
    side.kind[row] = Kind.file
    side.size[row] = entries.size[i]!
    side.mtimeSec[row] = earlier.sec
    side.mtimeNsec[row] = earlier.nsec
    if (entries.size[i] !== 0) side.setContent(row, contentAt(entries, i))
    side.touch(false)
    this.#output.endRow()
  }

  /** The batches that are complete, cut as those of a snapshot; with `isLast` also what is left. */
  take(isLast: boolean): Batch[] {
    return this.#output.take(isLast)
  }
}
