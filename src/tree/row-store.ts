/** Rows of a changeset held in memory, for what has to look at all of them: numbered in row order, found by directory. */
import { type Batch, dirCount, dirRowStart } from '../model/batch.ts'
import { bytesAt, startOf } from '../model/bytes-column.ts'
import { compareBytes, comparePaths, compareRanges, joinPath, splitPath } from '../model/path.ts'

/** A directory that rows lie in: its path, and the numbers of its rows, which follow each other. */
export type StoredDir = { path: Uint8Array; rowStart: number; rowEnd: number }

export class RowStore {
  readonly batches: Batch[] = []
  readonly dirs: StoredDir[] = []
  rowCount = 0
  /** Number of the first row of each batch. */
  readonly #batchStarts: number[] = []
  /** Of each row, its batch and its directory. */
  #batchOf = new Uint32Array(4096)
  #dirOf = new Uint32Array(4096)

  add(batch: Batch): void {
    const start = this.rowCount
    this.#reserve(start + batch.rowCount)
    this.#batchOf.fill(this.batches.length, start, start + batch.rowCount)
    this.batches.push(batch)
    this.#batchStarts.push(start)
    for (let d = 0; d < dirCount(batch); d++) {
      const path = bytesAt(batch.dirs, d)
      const rowEnd = start + batch.dirRowEnds[d]!
      const last = this.dirs.at(-1)
      if (last !== undefined && compareBytes(last.path, path) === 0) last.rowEnd = rowEnd
      else this.dirs.push({ path, rowStart: start + dirRowStart(batch, d), rowEnd })
      this.#dirOf.fill(this.dirs.length - 1, start + dirRowStart(batch, d), rowEnd)
    }
    this.rowCount += batch.rowCount
  }

  /** The batch of a row. */
  batchOf(row: number): Batch {
    return this.batches[this.#batchOf[row]!]!
  }

  /** Index of a row in its batch. */
  indexOf(row: number): number {
    return row - this.#batchStarts[this.#batchOf[row]!]!
  }

  /** Number of the directory that a row lies in. */
  dirOf(row: number): number {
    return this.#dirOf[row]!
  }

  nameOf(row: number): Uint8Array {
    return bytesAt(this.batchOf(row).names, this.indexOf(row))
  }

  pathOf(row: number): Uint8Array {
    return joinPath(this.dirs[this.#dirOf[row]!]!.path, this.nameOf(row))
  }

  /** The row of a path, or -1. */
  find(path: Uint8Array): number {
    const { dir, name } = splitPath(path)
    const d = search(this.dirs.length, (at) => comparePaths(this.dirs[at]!.path, dir))
    if (d < 0) return -1
    const { rowStart, rowEnd } = this.dirs[d]!
    const row = search(rowEnd - rowStart, (at) => compareBytes(this.nameOf(rowStart + at), name))
    return row < 0 ? -1 : rowStart + row
  }

  /** Compares the names of two rows as bytes. */
  compareNames(a: number, b: number): number {
    const x = this.batchOf(a).names
    const y = this.batchOf(b).names
    const i = this.indexOf(a)
    const j = this.indexOf(b)
    return compareRanges(x.heap, startOf(x, i), x.ends[i]!, y.heap, startOf(y, j), y.ends[j]!)
  }

  /** FNV-1a of a row's name. */
  hashName(row: number): number {
    const { names } = this.batchOf(row)
    const i = this.indexOf(row)
    let hash = 0x811c9dc5
    for (let at = startOf(names, i); at < names.ends[i]!; at++) hash = Math.imul(hash ^ names.heap[at]!, 0x01000193)
    return hash
  }

  #reserve(count: number): void {
    if (count <= this.#batchOf.length) return
    this.#batchOf = grown(this.#batchOf, count)
    this.#dirOf = grown(this.#dirOf, count)
  }
}

function grown(values: Uint32Array<ArrayBuffer>, count: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(count, 2 * values.length))
  larger.set(values)
  return larger
}

/** Index of what compares equal among `count` ascending things, or -1. */
function search(count: number, compare: (at: number) => number): number {
  let low = 0
  let high = count - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const order = compare(middle)
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle - 1
  }
  return -1
}
