/**
 * Cuts the pieces of a walk into batches, where BatchBuilder would end them row by row (spec §4.4), with columns copied as
 * blocks. What comes out is a function of the rows alone, whatever the pieces were.
 */
import { Cut, Limits } from '../base/constants.ts'
import type { Batch } from './batch.ts'
import { type BytesColumn, startOf } from './bytes-column.ts'
import { compareRanges } from './path.ts'
import type { Piece, PlacedProblem } from './piece.ts'
import { dirIndexOf, type RowRange, spliceRows } from './splice.ts'

/** A finished batch and the problems whose place is before one of its rows; behind the last row there is no batch. */
export type CutBatch = { batch: Batch | null; problems: PlacedProblem[] }

export class BatchCutter {
  #ranges: RowRange[] = []
  #rowCount = 0
  #byteLength = 0
  /** rowCount counts from the start of the present batch. */
  #problems: PlacedProblem[] = []

  /** Number of pieces, the last ones given, of which rows are still to be taken. The batches handed out are copies. */
  get heldCount(): number {
    return this.#ranges.length
  }

  /** The batches that end within the piece. */
  push(piece: Piece): CutBatch[] {
    const { batch, cuts } = piece
    for (const { rowCount, problem } of piece.problems) {
      this.#problems.push({ rowCount: this.#rowCount + rowCount, problem })
    }
    const done: CutBatch[] = []
    if (batch === null) return done
    let nextCut = 0
    for (let from = 0; from < batch.rowCount; ) {
      const firstCut = Math.max(from, from + Cut.rowsMin - 1 - this.#rowCount)
      while (nextCut < cuts.length && cuts[nextCut]! < firstCut) nextCut++
      const limit = from + Limits.batchRowsMax - this.#rowCount
      const end = Math.min((cuts[nextCut] ?? batch.rowCount) + 1, limit)
      let to = Math.min(end, batch.rowCount)
      let isEnd = end <= batch.rowCount
      const byteLength = this.#byteLength + this.#bytesBetween(batch, from, to)
      if (byteLength >= Cut.bytes) {
        to = this.#endByBytes(batch, from, to)
        isEnd = true
      }
      this.#byteLength = byteLength
      this.#ranges.push({ batch, from, to })
      this.#rowCount += to - from
      if (isEnd) done.push(this.#take())
      from = to
    }
    return done
  }

  /** What is left when the walk has ended; null where nothing is. */
  finish(): CutBatch | null {
    if (this.#rowCount > 0) return this.#take(Infinity)
    if (this.#problems.length === 0) return null
    const problems = this.#problems
    this.#problems = []
    return { batch: null, problems }
  }

  #take(rowCountMax = this.#rowCount): CutBatch {
    const batch = spliceRows(this.#ranges)
    const problems = this.#problems.filter(({ rowCount }) => rowCount < rowCountMax)
    this.#problems = this.#problems
      .slice(problems.length)
      .map(({ rowCount, problem }) => ({ rowCount: rowCount - this.#rowCount, problem }))
    this.#ranges = []
    this.#rowCount = 0
    this.#byteLength = 0
    return { batch, problems }
  }

  /** Bytes of the variable columns of rows `from` to `to`, directories counted where they begin in the present batch. */
  #bytesBetween(batch: Batch, from: number, to: number): number {
    const after = batch.after!
    let bytes = bytesIn(batch.names, from, to)
    bytes += bytesIn(after.target, from, to) + bytesIn(after.link, from, to) + bytesIn(after.moved, from, to)
    bytes += bytesIn(after.xattrs, from, to) + bytesIn(after.hints?.holes ?? null, from, to)
    const first = dirIndexOf(batch, from)
    const last = dirIndexOf(batch, to - 1)
    bytes += batch.dirs.ends[last]! - startOf(batch.dirs, this.#goesOn(batch, first) ? first + 1 : first)
    return bytes
  }

  /** True where directory d of the batch is the one that the rows so far end in. */
  #goesOn(batch: Batch, d: number): boolean {
    const range = this.#ranges.at(-1)
    if (range === undefined) return false
    const a = range.batch.dirs
    const last = dirIndexOf(range.batch, range.to - 1)
    const b = batch.dirs
    return compareRanges(a.heap, startOf(a, last), a.ends[last]!, b.heap, startOf(b, d), b.ends[d]!) === 0
  }

  /** The end behind the first row with which the batch reaches Cut.bytes. It does so by row `to`. */
  #endByBytes(batch: Batch, from: number, to: number): number {
    let lo = from + 1
    let hi = to
    while (lo < hi) {
      const middle = (lo + hi) >>> 1
      if (this.#byteLength + this.#bytesBetween(batch, from, middle) >= Cut.bytes) hi = middle
      else lo = middle + 1
    }
    return lo
  }
}

function bytesIn(column: BytesColumn | null, from: number, to: number): number {
  return column === null ? 0 : column.ends[to - 1]! - startOf(column, from)
}
