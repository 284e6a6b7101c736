/**
 * Where chunks are in the files of the tree before (spec §7.5): chunk id to places. A hash table on typed arrays, 40 bytes a chunk;
 * ids are taken as hashes, for they are. Pure. Bounded: what comes when it is full is not found, which costs bytes and nothing else.
 */
import { assert } from '../base/assert.ts'

/** Chunks of one content: where each ends, and 16 bytes of id each. */
export type ChunkList = { ends: Float64Array; ids: Uint8Array }

export const CHUNK_ID_BYTES = 16

/** Entries of other files with the same chunk that are looked at before the first is taken. */
const SAME_MAX = 16
const NONE = 0xffffffff

export class ChunkIndex {
  readonly #countMax: number
  #count = 0
  /** Entry by hash, or NONE; a power of two long, at most half full. */
  #slots: Uint32Array = new Uint32Array(2048).fill(NONE)
  /** Four words of id an entry. */
  #ids: Uint32Array = new Uint32Array(4096)
  #files: Uint32Array = new Uint32Array(1024)
  #offsets = new Float64Array(1024)
  /** The next entry with the same id, or NONE. */
  #same: Uint32Array = new Uint32Array(1024)

  /** @param countMax chunks that it holds at most */
  constructor(countMax: number) {
    assert(countMax < 2 ** 30)
    this.#countMax = countMax
  }

  /** Chunks in the index. */
  get count(): number {
    return this.#count
  }

  /** True where more chunks would not be kept. */
  get isFull(): boolean {
    return this.#count >= this.#countMax
  }

  /** Adds the chunks of a file, which stay next to each other. Returns false where not all of them had room. */
  addFile(file: number, chunks: ChunkList): boolean {
    const words = wordsOf(chunks.ids)
    const count = Math.min(chunks.ends.length, this.#countMax - this.#count)
    for (let j = 0; j < count; j++) this.addChunk(file, words, j, j === 0 ? 0 : chunks.ends[j - 1]!)
    return count === chunks.ends.length
  }

  /** Adds one chunk of a file. Nothing happens where there is no room. */
  addChunk(file: number, words: Uint32Array, j: number, offset: number): void {
    if (this.isFull) return
    if (this.#count === this.#files.length) this.#grow()
    const entry = this.#count++
    for (let k = 0; k < 4; k++) this.#ids[4 * entry + k] = words[4 * j + k]!
    this.#files[entry] = file
    this.#offsets[entry] = offset
    this.#same[entry] = NONE
    this.#link(entry)
  }

  /**
   * An entry that has the chunk, or -1.
   * @param words ids as `wordsOf` makes them, `j` which of them
   * @param file where it should be if it can; otherwise the place that was added first
   */
  find(words: Uint32Array, j: number, file: number): number {
    const first = this.#slots[this.#slotOf(words, j)]!
    if (first === NONE) return -1
    for (let entry = first, n = 0; entry !== NONE && n < SAME_MAX; entry = this.#same[entry]!, n++) {
      if (this.#files[entry] === file) return entry
    }
    return first
  }

  /** True where the entry is there and has that chunk. */
  has(entry: number, words: Uint32Array, j: number): boolean {
    return entry < this.#count && isSameId(this.#ids, entry, words, j)
  }

  fileAt(entry: number): number {
    return this.#files[entry]!
  }

  /** Where the chunk starts in its file. */
  offsetAt(entry: number): number {
    return this.#offsets[entry]!
  }

  #link(entry: number): void {
    const slot = this.#slotOf(this.#ids, entry)
    const first = this.#slots[slot]!
    if (first === NONE) {
      this.#slots[slot] = entry
      return
    }
    // Behind the first, so that linking takes no time however often a chunk occurs.
    this.#same[entry] = this.#same[first]!
    this.#same[first] = entry
  }

  /** The slot of an id: where it is, or where it belongs. */
  #slotOf(words: Uint32Array, j: number): number {
    const mask = this.#slots.length - 1
    for (let slot = words[4 * j]! & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]!
      if (entry === NONE || isSameId(this.#ids, entry, words, j)) return slot
    }
  }

  #grow(): void {
    const capacity = this.#files.length * 2
    this.#ids = larger(this.#ids, capacity * 4)
    this.#files = larger(this.#files, capacity)
    this.#same = larger(this.#same, capacity)
    const offsets = new Float64Array(capacity)
    offsets.set(this.#offsets)
    this.#offsets = offsets
    this.#slots = new Uint32Array(capacity * 2).fill(NONE)
    this.#same.fill(NONE)
    for (let entry = 0; entry < this.#count; entry++) this.#link(entry)
  }
}

function larger(array: Uint32Array, length: number): Uint32Array {
  const copy = new Uint32Array(length)
  copy.set(array)
  return copy
}

function isSameId(a: Uint32Array, i: number, b: Uint32Array, j: number): boolean {
  const x = 4 * i
  const y = 4 * j
  return a[x] === b[y] && a[x + 1] === b[y + 1] && a[x + 2] === b[y + 2] && a[x + 3] === b[y + 3]
}

/** Ids as words of this machine: for comparing, not for keeping. */
export function wordsOf(ids: Uint8Array): Uint32Array {
  const aligned = ids.byteOffset % 4 === 0 ? ids : new Uint8Array(ids)
  return new Uint32Array(aligned.buffer, aligned.byteOffset, ids.length >>> 2)
}
