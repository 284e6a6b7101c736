/**
 * A batch (spec §4): consecutive rows of a snapshot or a changeset, in row order, from one or more directories.
 * A batch is what travels between stages and what one rows frame holds. It belongs to whoever received it.
 */
import { Cut, Limits } from '../base/constants.ts'
import { type BytesColumn, BytesColumnBuilder, bytesAt, EMPTY } from './bytes-column.ts'
import type { Entries } from './entries.ts'
import { EntriesBuilder } from './entries-builder.ts'
import { compareBytes, joinPath } from './path.ts'

export type Batch = {
  rowCount: number
  /** Full paths of the directories that the rows lie in, ascending; the root is the empty path. */
  dirs: BytesColumn
  /** dirRowEnds[d] is the index behind the last row of directory d. */
  dirRowEnds: Uint32Array
  /** Names within their directory, ascending; the root's own row has the empty name in the root directory. */
  names: BytesColumn
  before: Entries | null
  after: Entries | null
  /** What a plan saw at the target (spec §8); null elsewhere. */
  seen: Entries | null
  /** A value of State a row; null where all are 0. */
  state: Uint8Array | null
  owners: Owners | null
  /** 1 for a row that a touch stands for, which says what the target has (spec §7.8); null where there is none. No stream has it. */
  touched: Uint8Array | null
}

/** Names of the users and groups that the rows of one batch mention, ascending by number. Hints. */
export type Owners = {
  uids: Uint32Array
  userNames: BytesColumn
  gids: Uint32Array
  groupNames: BytesColumn
}

/** Number of directories in the batch. */
export function dirCount(batch: Batch): number {
  return batch.dirRowEnds.length
}

/** Index of the first row of directory d. */
export function dirRowStart(batch: Batch, d: number): number {
  return d === 0 ? 0 : batch.dirRowEnds[d - 1]!
}

/** Full path of row i, which lies in directory d. */
export function pathAt(batch: Batch, d: number, i: number): Uint8Array {
  return joinPath(bytesAt(batch.dirs, d), bytesAt(batch.names, i))
}

/** Calls `visit` for every row in order with its directory's index. */
export function forEachRow(batch: Batch, visit: (d: number, i: number) => void): void {
  let i = 0
  for (let d = 0; d < batch.dirRowEnds.length; d++) for (; i < batch.dirRowEnds[d]!; i++) visit(d, i)
}

/**
 * Collects rows into batches. Where a batch ends is a function of the rows alone (spec §4.3), so that equal regions of
 * two streams fall into equal batches: after each row ask `isFull`, and `take` when it is.
 */
export class BatchBuilder {
  readonly before = new EntriesBuilder()
  readonly after = new EntriesBuilder()
  readonly seen = new EntriesBuilder()
  readonly #state = new Uint8Array(Limits.batchRowsMax)
  #hasState = false
  #touched: Uint8Array | null = null
  readonly #dirs = new BytesColumnBuilder()
  #dirRowEnds: number[] = []
  readonly #names = new BytesColumnBuilder()
  #dir: Uint8Array = EMPTY
  #dirHash = 0
  #isCut = false

  get rowCount(): number {
    return this.#names.count
  }

  /** Starts a row and returns its index; its sides are set through `before`, `after` and `seen`. */
  addRow(dir: Uint8Array, name: Uint8Array): number {
    return this.addRowRange(dir, name, 0, name.length)
  }

  /** The same with the name as a range of a heap. */
  addRowRange(dir: Uint8Array, heap: Uint8Array, start: number, end: number): number {
    const i = this.#names.count
    if (i === 0 || (dir !== this.#dir && compareBytes(dir, this.#dir) !== 0)) {
      if (i > 0) this.#dirRowEnds.push(i)
      this.#dirs.push(dir)
      this.#dir = dir
      this.#dirHash = hashDir(dir)
    }
    this.#names.pushRange(heap, start, end)
    this.#isCut = isCutRow(this.#dirHash, heap, start, end)
    return i
  }

  setState(i: number, state: number): void {
    if (state === 0) return
    this.#state[i] = state
    this.#hasState = true
  }

  setTouched(i: number): void {
    this.#touched ??= new Uint8Array(Limits.batchRowsMax)
    this.#touched[i] = 1
  }

  /** True where the batch ends behind its last row. Ask once the row is complete. */
  get isFull(): boolean {
    const count = this.#names.count
    if (count === 0) return false
    return (this.#isCut && count >= Cut.rowsMin) || count >= Limits.batchRowsMax || this.#byteLength >= Cut.bytes
  }

  get #byteLength(): number {
    return (
      this.#dirs.byteLength +
      this.#names.byteLength +
      this.before.byteLength +
      this.after.byteLength +
      this.seen.byteLength
    )
  }

  /** The finished batch, or null where it has no row; the builder is empty again. */
  take(): Batch | null {
    const rowCount = this.#names.count
    if (rowCount === 0) return null
    this.#dirRowEnds.push(rowCount)
    const batch: Batch = {
      rowCount,
      dirs: this.#dirs.take(),
      dirRowEnds: Uint32Array.from(this.#dirRowEnds),
      names: this.#names.take(),
      before: this.before.take(rowCount),
      after: this.after.take(rowCount),
      seen: this.seen.take(rowCount),
      state: this.#hasState ? this.#state.slice(0, rowCount) : null,
      owners: null,
      touched: this.#touched?.slice(0, rowCount) ?? null,
    }
    this.#state.fill(0, 0, rowCount)
    this.#hasState = false
    this.#touched = null
    this.#dirRowEnds = []
    this.#dir = EMPTY
    return batch
  }
}

const FNV_START = 0x811c9dc5

/** FNV-1a of a directory's path: what the hash of its rows starts from (spec §4.4). */
export function hashDir(dir: Uint8Array): number {
  return fnv(FNV_START, dir, 0, dir.length)
}

/** The cut rule (spec §4.4): FNV-1a over directory and name, folded; one row in Cut.mask + 1 may end a batch. */
export function isCutRow(dirHash: number, heap: Uint8Array, start: number, end: number): boolean {
  const hash = fnv(dirHash, heap, start, end)
  return ((hash ^ (hash >>> 16)) & Cut.mask) === 0
}

function fnv(hash: number, heap: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ heap[i]!, 0x01000193)
  return hash
}

/** The path of the first row of a batch. */
export function firstPath(batch: Batch): Uint8Array {
  return pathAt(batch, 0, 0)
}

/** The path of the last row of a batch. */
export function lastPath(batch: Batch): Uint8Array {
  return pathAt(batch, batch.dirRowEnds.length - 1, batch.rowCount - 1)
}
