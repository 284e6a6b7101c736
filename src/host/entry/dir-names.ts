/**
 * The names of one directory in row order. They stay where getdents64(2) wrote them, each followed by NUL, so that their
 * addresses go straight into the next call; only an index is sorted.
 */
import { compareRanges } from '../../model/path.ts'
import { retry } from '../native/call.ts'
import { type Address, addressOf, libc } from '../native/libc.ts'

export type DirNames = {
  count: number
  /** Blocks of getdents64, one after the other. */
  heap: Uint8Array
  /** The address of heap[0]. */
  address: Address
  /** Where the k-th name in the directory's own order starts and ends, and its d_type. */
  starts: Uint32Array
  ends: Uint32Array
  types: Uint8Array
  /** order[i] is the k of the i-th name in row order. */
  order: Uint32Array
}

/** Room that a call of getdents64 gets at least. */
const BLOCK_BYTES = 32 * 1024
/** A heap that one huge directory made larger is not kept for the next. */
const KEEP_BYTES = 1024 * 1024
/** d_ino, d_off, d_reclen and d_type come before the name (getdents(2)). */
const NAME_OFFSET = 19
const DOT = 0x2e

export function createDirNames(): DirNames {
  const heap = new Uint8Array(2 * BLOCK_BYTES)
  return { count: 0, heap, address: addressOf(heap), ...indexFor(512) }
}

function indexFor(capacity: number): Pick<DirNames, 'starts' | 'ends' | 'types' | 'order'> {
  return {
    starts: new Uint32Array(capacity),
    ends: new Uint32Array(capacity),
    types: new Uint8Array(capacity),
    order: new Uint32Array(capacity),
  }
}

/**
 * Lists a directory from its start and sorts it.
 * @param fd a directory at its first position
 * @returns 0; -1 with errno where it could not be read to its end: the names before that are there, and sorted
 */
export function readDirNames(names: DirNames, fd: number): number {
  names.count = 0
  if (names.heap.length > KEEP_BYTES) {
    names.heap = new Uint8Array(2 * BLOCK_BYTES)
    names.address = addressOf(names.heap)
  }
  let used = 0
  let length: number
  for (;;) {
    if (names.heap.length - used < BLOCK_BYTES) growHeap(names, used)
    length = retry(() => libc.getdents64(fd, names.address + used, names.heap.length - used))
    if (length <= 0) break
    parseBlock(names, used, used + length)
    used += length
  }
  sortNames(names)
  return length
}

function growHeap(names: DirNames, used: number): void {
  const heap = new Uint8Array(names.heap.length * 2)
  heap.set(names.heap.subarray(0, used))
  names.heap = heap
  names.address = addressOf(heap)
}

function growIndex(names: DirNames): void {
  const larger = indexFor(names.starts.length * 2)
  larger.starts.set(names.starts)
  larger.ends.set(names.ends)
  larger.types.set(names.types)
  Object.assign(names, larger)
}

function parseBlock(names: DirNames, from: number, to: number): void {
  const heap = names.heap
  let count = names.count
  for (let at = from; at < to; ) {
    const next = at + (heap[at + 16]! | (heap[at + 17]! << 8))
    const start = at + NAME_OFFSET
    // The name's NUL is among the last eight bytes of its record: records are padded to eight.
    let end = Math.max(start, next - 8)
    while (heap[end] !== 0) end++
    const isDots = heap[start] === DOT && (end - start === 1 || (end - start === 2 && heap[start + 1] === DOT))
    if (!isDots) {
      if (count === names.starts.length) growIndex(names)
      names.starts[count] = start
      names.ends[count] = end
      names.types[count] = heap[at + 18]!
      count++
    }
    at = next
  }
  names.count = count
}

function sortNames(names: DirNames): void {
  const { count, order } = names
  for (let i = 0; i < count; i++) order[i] = i
  if (isSorted(names)) return
  sortRange(names, 0, count, 0)
  dropDuplicates(names)
}

function isSorted({ heap, starts, ends, count }: DirNames): boolean {
  for (let k = 1; k < count; k++) {
    if (compareRanges(heap, starts[k - 1]!, ends[k - 1]!, heap, starts[k]!, ends[k]!) >= 0) return false
  }
  return true
}

/** Below this an insertion sort is quicker than a call of the engine's sort. */
const INSERTION_MAX = 12
let keys = new Float64Array(512)
let sorted = new Uint32Array(512)

function growScratch(count: number): void {
  keys = new Float64Array(Math.max(count, keys.length * 2))
  sorted = new Uint32Array(keys.length)
}

/**
 * Sorts order[lo..hi) of names that agree in their first `depth` bytes. The next bytes that tell them apart and the place in the
 * range make one number each, which the engine sorts natively; names that agree in those bytes are sorted by the bytes behind.
 */
function sortRange(names: DirNames, lo: number, hi: number, depth: number): void {
  if (hi - lo <= INSERTION_MAX) {
    insertionSort(names, lo, hi, depth)
    return
  }
  const { heap, starts, ends, order } = names
  const count = hi - lo
  const from = commonPrefix(names, lo, hi, depth)
  const placeBits = 32 - Math.clz32(count - 1)
  const places = 2 ** placeBits
  const prefixBytes = Math.floor((53 - placeBits) / 8)
  if (count > keys.length) growScratch(count)
  let longest = 0
  for (let j = 0; j < count; j++) {
    const k = order[lo + j]!
    const end = ends[k]!
    let at = starts[k]! + from
    let prefix = 0
    for (let b = 0; b < prefixBytes; b++, at++) prefix = prefix * 256 + (at < end ? heap[at]! : 0)
    if (end - at > longest) longest = end - at
    keys[j] = prefix * places + j
  }
  keys.subarray(0, count).sort()
  const runs: number[] = []
  let runStart = 0
  let runPrefix = -1
  for (let j = 0; j < count; j++) {
    const prefix = Math.floor(keys[j]! / places)
    sorted[j] = order[lo + keys[j]! - prefix * places]!
    if (prefix === runPrefix) continue
    if (j - runStart > 1) runs.push(lo + runStart, lo + j)
    runStart = j
    runPrefix = prefix
  }
  if (count - runStart > 1) runs.push(lo + runStart, hi)
  for (let j = 0; j < count; j++) order[lo + j] = sorted[j]!
  // Where no name is longer than what was compared, the members of a run are equal and their order is of no account.
  if (longest <= 0) return
  for (let r = 0; r < runs.length; r += 2) sortRange(names, runs[r]!, runs[r + 1]!, from + prefixBytes)
}

function insertionSort({ heap, starts, ends, order }: DirNames, lo: number, hi: number, depth: number): void {
  for (let i = lo + 1; i < hi; i++) {
    const k = order[i]!
    const start = starts[k]! + depth
    const end = ends[k]!
    let j = i - 1
    for (; j >= lo; j--) {
      const other = order[j]!
      // A name may end before `depth`: its range is then empty, and the same for all that it is compared with.
      const otherStart = Math.min(starts[other]! + depth, ends[other]!)
      if (compareRanges(heap, otherStart, ends[other]!, heap, Math.min(start, end), end) <= 0) break
      order[j + 1] = other
    }
    order[j + 1] = k
  }
}

/** Number of bytes, at least `depth`, in which all names of the range agree. */
function commonPrefix({ heap, starts, ends, order }: DirNames, lo: number, hi: number, depth: number): number {
  const first = starts[order[lo]!]!
  let common = ends[order[lo]!]! - first
  for (let i = lo + 1; i < hi && common > depth; i++) {
    const start = starts[order[i]!]!
    common = Math.min(common, ends[order[i]!]! - start)
    let at = depth
    while (at < common && heap[first + at] === heap[start + at]) at++
    common = at
  }
  return Math.max(common, depth)
}

/** RACE: a directory that changes while it is listed may give a name twice; a row must not come twice. */
function dropDuplicates(names: DirNames): void {
  const { heap, starts, ends, order } = names
  let kept = 0
  for (let i = 0; i < names.count; i++) {
    const k = order[i]!
    const last = kept === 0 ? -1 : order[kept - 1]!
    if (last >= 0 && compareRanges(heap, starts[last]!, ends[last]!, heap, starts[k]!, ends[k]!) === 0) continue
    order[kept++] = k
  }
  names.count = kept
}
