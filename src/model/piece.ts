/**
 * Pieces: what a walk hands over. Rows in order that are not cut into batches yet (spec §4.4), for a walk is shared out among
 * threads and where a batch ends must not depend on that; and the problems that arose between them.
 */
import { Cut, Limits } from '../base/constants.ts'
import { type Batch, hashDir, isCutRow } from './batch.ts'
import { BytesColumnBuilder } from './bytes-column.ts'
import { EntriesBuilder } from './entries-builder.ts'
import type { Problem } from './problem.ts'

export type Piece = {
  /** Rows with an after side only; null where there are none. */
  batch: Batch | null
  /** Indices of the rows whose hash may end a batch, ascending. */
  cuts: Uint32Array
  /** Ascending by rowCount. */
  problems: PlacedProblem[]
}

/** A problem and its place: behind the first `rowCount` rows, before the row that it concerns and all that follow. */
export type PlacedProblem = { rowCount: number; problem: Problem }

export class PieceBuilder {
  readonly after = new EntriesBuilder()
  readonly #dirs = new BytesColumnBuilder()
  readonly #names = new BytesColumnBuilder()
  #dirRowEnds: number[] = []
  #cuts: number[] = []
  #problems: PlacedProblem[] = []
  #dir: Uint8Array = new Uint8Array(0)
  #dirHash = 0
  /** Whether the present directory is in #dirs. */
  #isDirAdded = false

  /** The rows that follow lie in this directory. */
  enterDir(dir: Uint8Array): void {
    this.#endDir()
    this.#dir = dir
    this.#dirHash = hashDir(dir)
  }

  /** Starts a row in the present directory and returns its index; its columns are set through `after`. */
  addRow(heap: Uint8Array, start: number, end: number): number {
    const i = this.#names.count
    if (!this.#isDirAdded) {
      this.#dirs.push(this.#dir)
      this.#isDirAdded = true
    }
    this.#names.pushRange(heap, start, end)
    if (isCutRow(this.#dirHash, heap, start, end)) this.#cuts.push(i)
    return i
  }

  /** A problem with row i of the piece, the last so far, or with an entry that has no row: then i is `rowCount`. */
  addProblem(problem: Problem, i: number): void {
    this.#problems.push({ rowCount: i, problem })
  }

  get rowCount(): number {
    return this.#names.count
  }

  /** True where the piece is as large as a batch can be. Ask once the row is complete. */
  get isFull(): boolean {
    if (this.#names.count >= Limits.batchRowsMax) return true
    return this.#dirs.byteLength + this.#names.byteLength + this.after.byteLength >= Cut.bytes
  }

  get isEmpty(): boolean {
    return this.#names.count === 0 && this.#problems.length === 0
  }

  /** The finished piece; the builder is empty again, and still in the same directory. */
  take(): Piece {
    this.#endDir()
    const rowCount = this.#names.count
    const piece = { batch: this.#takeBatch(rowCount), cuts: Uint32Array.from(this.#cuts), problems: this.#problems }
    this.#cuts = []
    this.#problems = []
    return piece
  }

  #endDir(): void {
    if (this.#isDirAdded) this.#dirRowEnds.push(this.#names.count)
    this.#isDirAdded = false
  }

  #takeBatch(rowCount: number): Batch | null {
    if (rowCount === 0) return null
    const batch: Batch = {
      rowCount,
      dirs: this.#dirs.take(),
      dirRowEnds: Uint32Array.from(this.#dirRowEnds),
      names: this.#names.take(),
      before: null,
      after: this.after.take(rowCount),
      seen: null,
      state: null,
      owners: null,
      touched: null,
    }
    this.#dirRowEnds = []
    return batch
  }
}
