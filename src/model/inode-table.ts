/**
 * Inodes with several names, as long as not all of the names were met: the path that was met first. A hash table over typed
 * arrays, for a tree may have millions of them at once; a directory is kept once for the entries that follow one another in it.
 */
import { compareBytes, joinPath } from './path.ts'

/** Numbers a record: inode (two halves), device, names still to be met, offsets of directory and name, length of the name. */
const FIELDS = 7
const INO_LOW = 0
const INO_HIGH = 1
const DEVICE = 2
const LEFT = 3
const DIR_AT = 4
const NAME_AT = 5
const NAME_LENGTH = 6

/** Heaps below this are not worth compacting. */
const COMPACT_BYTES = 1 << 16

export class InodeTable {
  /** Record index + 1 by hash; 0 where free. Its length is a power of two, at least twice the records. */
  #slots = new Uint32Array(256)
  #records = new Uint32Array(128 * FIELDS)
  #recordCount = 0
  /** Indices of records that were dropped. */
  #free: number[] = []
  /** Directories (u32 length, bytes) and names. */
  #heap = new Uint8Array(4096)
  #heapLength = 0
  #deadBytes = 0
  #lastDir: Uint8Array | null = null
  #lastDirAt = 0

  /** Number of inodes that have names still to be met. */
  get size(): number {
    return this.#recordCount - this.#free.length
  }

  /**
   * Notes a name of an inode that has `nlink` names.
   * @param device any number below 2^32 that tells devices apart
   * @returns the path noted for the inode's first name; null where this is the first
   */
  meet(
    inoLow: number,
    inoHigh: number,
    device: number,
    nlink: number,
    dir: Uint8Array,
    name: Uint8Array,
  ): Uint8Array | null {
    const slot = this.#find(inoLow, inoHigh, device)
    const record = this.#slots[slot]! - 1
    if (record < 0) {
      if (nlink > 1) this.#insert(slot, inoLow, inoHigh, device, nlink - 1, dir, name)
      return null
    }
    const path = this.#pathOf(record)
    const at = record * FIELDS
    this.#records[at + LEFT]!--
    if (this.#records[at + LEFT] === 0) this.#remove(slot, record)
    return path
  }

  /** The slot that holds the inode, or the free one where it would go. */
  #find(inoLow: number, inoHigh: number, device: number): number {
    const mask = this.#slots.length - 1
    const records = this.#records
    for (let slot = hash(inoLow, inoHigh, device) & mask; ; slot = (slot + 1) & mask) {
      const at = (this.#slots[slot]! - 1) * FIELDS
      if (at < 0) return slot
      if (records[at] === inoLow && records[at + INO_HIGH] === inoHigh && records[at + DEVICE] === device) return slot
    }
  }

  #insert(
    slot: number,
    inoLow: number,
    inoHigh: number,
    device: number,
    left: number,
    dir: Uint8Array,
    name: Uint8Array,
  ): void {
    const record = this.#free.pop() ?? this.#recordCount++
    if ((record + 1) * FIELDS > this.#records.length) this.#records = grown(this.#records)
    const dirAt = this.#putDir(dir)
    const nameAt = this.#putBytes(name)
    const at = record * FIELDS
    this.#records[at + INO_LOW] = inoLow
    this.#records[at + INO_HIGH] = inoHigh
    this.#records[at + DEVICE] = device
    this.#records[at + LEFT] = left
    this.#records[at + DIR_AT] = dirAt
    this.#records[at + NAME_AT] = nameAt
    this.#records[at + NAME_LENGTH] = name.length
    this.#slots[slot] = record + 1
    if (this.size * 2 > this.#slots.length) this.#rehash()
  }

  /** Frees the slot and moves back what was pushed behind it, so that no search ends early. */
  #remove(slot: number, record: number): void {
    const at = record * FIELDS
    this.#deadBytes += this.#records[at + NAME_LENGTH]!
    this.#records[at + LEFT] = 0
    this.#free.push(record)
    const slots = this.#slots
    const mask = slots.length - 1
    let hole = slot
    for (let next = (hole + 1) & mask; slots[next] !== 0; next = (next + 1) & mask) {
      const home = this.#hashOf(slots[next]! - 1) & mask
      if (((next - home) & mask) < ((next - hole) & mask)) continue
      slots[hole] = slots[next]!
      hole = next
    }
    slots[hole] = 0
    if (this.#heapLength > COMPACT_BYTES && this.#deadBytes * 2 > this.#heapLength) this.#compact()
  }

  #hashOf(record: number): number {
    const at = record * FIELDS
    return hash(this.#records[at]!, this.#records[at + INO_HIGH]!, this.#records[at + DEVICE]!)
  }

  #rehash(): void {
    const old = this.#slots
    const slots = new Uint32Array(old.length * 2)
    const mask = slots.length - 1
    for (const entry of old) {
      if (entry === 0) continue
      let slot = this.#hashOf(entry - 1) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = entry
    }
    this.#slots = slots
  }

  #pathOf(record: number): Uint8Array {
    const at = record * FIELDS
    const nameAt = this.#records[at + NAME_AT]!
    const name = this.#heap.subarray(nameAt, nameAt + this.#records[at + NAME_LENGTH]!)
    return joinPath(this.#dirAt(this.#records[at + DIR_AT]!), name)
  }

  #dirAt(at: number): Uint8Array {
    const heap = this.#heap
    const length = heap[at]! | (heap[at + 1]! << 8) | (heap[at + 2]! << 16)
    return heap.subarray(at + 3, at + 3 + length)
  }

  #putDir(dir: Uint8Array): number {
    if (this.#lastDir !== null && compareBytes(this.#lastDir, dir) === 0) return this.#lastDirAt
    // Lengths go up to Limits.pathBytesMax, which three bytes hold.
    const at = this.#putBytes(Uint8Array.of(dir.length & 0xff, (dir.length >>> 8) & 0xff, dir.length >>> 16))
    this.#putBytes(dir)
    this.#lastDir = dir
    this.#lastDirAt = at
    return at
  }

  #putBytes(bytes: Uint8Array): number {
    const at = this.#heapLength
    while (at + bytes.length > this.#heap.length) {
      const heap = new Uint8Array(this.#heap.length * 2)
      heap.set(this.#heap)
      this.#heap = heap
    }
    this.#heap.set(bytes, at)
    this.#heapLength = at + bytes.length
    return at
  }

  /** Writes a new heap with what the live records mention. */
  #compact(): void {
    const old = this.#heap
    const records = this.#records
    const dirs = new Map<number, number>()
    const dirsOf = (at: number): Uint8Array =>
      old.subarray(at + 3, at + 3 + (old[at]! | (old[at + 1]! << 8) | (old[at + 2]! << 16)))
    this.#heap = new Uint8Array(Math.max(4096, old.length / 2))
    this.#heapLength = 0
    this.#deadBytes = 0
    this.#lastDir = null
    for (let at = 0; at < this.#recordCount * FIELDS; at += FIELDS) {
      if (records[at + LEFT] === 0) continue
      const oldDirAt = records[at + DIR_AT]!
      let dirAt = dirs.get(oldDirAt)
      if (dirAt === undefined) {
        dirAt = this.#putDir(dirsOf(oldDirAt))
        dirs.set(oldDirAt, dirAt)
      }
      const nameAt = records[at + NAME_AT]!
      records[at + NAME_AT] = this.#putBytes(old.subarray(nameAt, nameAt + records[at + NAME_LENGTH]!))
      records[at + DIR_AT] = dirAt
    }
  }
}

function hash(inoLow: number, inoHigh: number, device: number): number {
  let h = Math.imul(inoLow ^ Math.imul(inoHigh, 0x9e3779b1) ^ Math.imul(device, 0x85ebca6b), 0xc2b2ae35)
  h ^= h >>> 15
  h = Math.imul(h, 0x27d4eb2f)
  return (h ^ (h >>> 13)) >>> 0
}

function grown(column: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(column.length * 2)
  larger.set(column)
  return larger
}
