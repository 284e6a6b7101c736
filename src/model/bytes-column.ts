/** A column of byte strings: one heap and where each string ends (spec §5.2). An empty string means "none". */

export type BytesColumn = {
  heap: Uint8Array
  /** ends[i] is the offset behind string i; it starts where string i-1 ends. Never decreasing. */
  ends: Uint32Array
}

/** Where string i starts in the heap. */
export function startOf(column: BytesColumn, i: number): number {
  return i === 0 ? 0 : column.ends[i - 1]!
}

/** The bytes of string i, a view on the heap. */
export function bytesAt(column: BytesColumn, i: number): Uint8Array {
  return column.heap.subarray(startOf(column, i), column.ends[i]!)
}

/** The bytes of string i of a column that may be absent; absent is empty. */
export function optionalBytesAt(column: BytesColumn | null, i: number): Uint8Array {
  return column === null ? EMPTY : bytesAt(column, i)
}

/** Length in bytes of string i. */
export function lengthAt(column: BytesColumn, i: number): number {
  return column.ends[i]! - startOf(column, i)
}

export const EMPTY = new Uint8Array(0)

/** Grows a column string by string; `take()` hands it over and starts anew. */
export class BytesColumnBuilder {
  #heap = new Uint8Array(256)
  #ends = new Uint32Array(64)
  #count = 0
  #length = 0

  get count(): number {
    return this.#count
  }
  /** Bytes in the heap so far. */
  get byteLength(): number {
    return this.#length
  }

  push(bytes: Uint8Array): void {
    this.pushRange(bytes, 0, bytes.length)
  }

  pushRange(source: Uint8Array, start: number, end: number): void {
    const length = end - start
    if (this.#length + length > this.#heap.length) this.#growHeap(length)
    if (this.#count === this.#ends.length) this.#growEnds()
    if (length < 48) {
      const heap = this.#heap
      let to = this.#length
      for (let i = start; i < end; i++) heap[to++] = source[i]!
    } else {
      this.#heap.set(source.subarray(start, end), this.#length)
    }
    this.#length += length
    this.#ends[this.#count++] = this.#length
  }

  /** Appends empty strings until the column has `count` of them. */
  padTo(count: number): void {
    while (this.#count < count) this.pushRange(EMPTY, 0, 0)
  }

  /** The finished column; the builder is empty again. */
  take(): BytesColumn {
    const column = { heap: this.#heap.slice(0, this.#length), ends: this.#ends.slice(0, this.#count) }
    this.#count = 0
    this.#length = 0
    return column
  }

  #growHeap(more: number): void {
    const heap = new Uint8Array(Math.max(this.#heap.length * 2, this.#length + more))
    heap.set(this.#heap.subarray(0, this.#length))
    this.#heap = heap
  }

  #growEnds(): void {
    const ends = new Uint32Array(this.#ends.length * 2)
    ends.set(this.#ends)
    this.#ends = ends
  }
}
