/**
 * Two batches of the same paths, compared column by column: most columns are equal as bytes, and only the rows in which
 * one differs have to be looked at one by one.
 */
import { type Batch, dirCount } from '../model/batch.ts'
import { type BytesColumn, startOf } from '../model/bytes-column.ts'
import { type Entries, type Hints, ID_BYTES } from '../model/entries.ts'
import { compareRanges } from '../model/path.ts'

type Column = Uint8Array | Uint16Array | Uint32Array | Float64Array | BigUint64Array

/** True where both batches have the same paths, row by row. */
export function isAligned(a: Batch, b: Batch): boolean {
  return (
    a.rowCount === b.rowCount &&
    dirCount(a) === dirCount(b) &&
    isSameStrings(a.names, b.names) &&
    isSameBytes(a.dirRowEnds, b.dirRowEnds) &&
    isSameStrings(a.dirs, b.dirs)
  )
}

/** Sets marks[i] where the entries of row i differ in anything that is compared, hints apart. */
export function markDifferentEntries(a: Entries, b: Entries, marks: Uint8Array): void {
  markColumn(a.kind, b.kind, marks)
  markColumn(a.mode, b.mode, marks)
  markColumn(a.uid, b.uid, marks)
  markColumn(a.gid, b.gid, marks)
  markColumn(a.size, b.size, marks)
  markColumn(a.mtimeSec, b.mtimeSec, marks)
  markColumn(a.mtimeNsec, b.mtimeNsec, marks)
  markOptional(a.rdevMajor, b.rdevMajor, marks)
  markOptional(a.rdevMinor, b.rdevMinor, marks)
  markIds(a.content, b.content, marks)
  markStrings(a.target, b.target, marks)
  markStrings(a.link, b.link, marks)
  markStrings(a.xattrs, b.xattrs, marks)
}

/** Sets marks[i] where row i is another inode, or was changed since. */
export function markDifferentInodes(a: Hints, b: Hints, marks: Uint8Array): void {
  markColumn(a.ino, b.ino, marks)
  markColumn(a.devMajor, b.devMajor, marks)
  markColumn(a.devMinor, b.devMinor, marks)
  markColumn(a.ctimeSec, b.ctimeSec, marks)
  markColumn(a.ctimeNsec, b.ctimeNsec, marks)
}

function markColumn(a: Column, b: Column, marks: Uint8Array): void {
  if (isSameBytes(a, b)) return
  const width = a.BYTES_PER_ELEMENT
  if (width === 8) markWide(halvesOf(a), halvesOf(b), marks)
  else if (width === 4) markWords(a as Uint32Array, b as Uint32Array, marks)
  else for (let i = 0; i < marks.length; i++) if (a[i] !== b[i]) marks[i] = 1
}

function markWords(a: Uint32Array, b: Uint32Array, marks: Uint8Array): void {
  for (let i = 0; i < marks.length; i++) if (a[i] !== b[i]) marks[i] = 1
}

/** Values of 64 bits as pairs of halves: a loop over each type of array on its own is faster, and a bigint an object. */
function markWide(a: Uint32Array, b: Uint32Array, marks: Uint8Array): void {
  for (let i = 0; i < marks.length; i++) if (a[2 * i] !== b[2 * i] || a[2 * i + 1] !== b[2 * i + 1]) marks[i] = 1
}

function halvesOf(column: Column): Uint32Array {
  return new Uint32Array(column.buffer, column.byteOffset, column.byteLength / 4)
}

/** A column that is null is all zero. */
function markOptional(a: Uint32Array | null, b: Uint32Array | null, marks: Uint8Array): void {
  if (a === null && b === null) return
  markColumn(a ?? new Uint32Array(marks.length), b ?? new Uint32Array(marks.length), marks)
}

function markIds(a: Uint8Array | null, b: Uint8Array | null, marks: Uint8Array): void {
  if (a === null && b === null) return
  if (a === null || b === null) {
    marks.fill(1)
  } else if (!isSameBytes(a, b)) {
    for (let i = 0; i < marks.length; i++) {
      if (compareRanges(a, i * ID_BYTES, (i + 1) * ID_BYTES, b, i * ID_BYTES, (i + 1) * ID_BYTES) !== 0) marks[i] = 1
    }
  }
}

function markStrings(a: BytesColumn | null, b: BytesColumn | null, marks: Uint8Array): void {
  if (a === null || b === null) {
    const other = a ?? b
    if (other !== null) for (let i = 0; i < marks.length; i++) if (startOf(other, i) < other.ends[i]!) marks[i] = 1
  } else if (!isSameStrings(a, b)) {
    for (let i = 0; i < marks.length; i++) {
      if (compareRanges(a.heap, startOf(a, i), a.ends[i]!, b.heap, startOf(b, i), b.ends[i]!) !== 0) marks[i] = 1
    }
  }
}

function isSameStrings(a: BytesColumn, b: BytesColumn): boolean {
  return isSameBytes(a.ends, b.ends) && isSameBytes(a.heap, b.heap)
}

function isSameBytes(a: Column, b: Column): boolean {
  return a.byteLength === b.byteLength && Buffer.compare(bytesOf(a), bytesOf(b)) === 0
}

function bytesOf(column: Column): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength)
}
