/** Splicing: consecutive row ranges of several batches as one batch, columns copied as blocks. */
import { assert } from '../base/assert.ts'
import { Kind } from '../base/constants.ts'
import type { Batch } from './batch.ts'
import { type BytesColumn, EMPTY, startOf } from './bytes-column.ts'
import { type Entries, type Hints, ID_BYTES } from './entries.ts'
import { compareRanges } from './path.ts'

/** Rows `from` to `to` (exclusive) of a batch; at least one. */
export type RowRange = { batch: Batch; from: number; to: number }

/**
 * The rows of all ranges, which follow one another in row order, as one batch. Owners are left out. All columns are
 * copies: the ranges' batches may go.
 */
export function spliceRows(ranges: readonly RowRange[]): Batch {
  const rowCount = ranges.reduce((sum, { from, to }) => sum + to - from, 0)
  assert(rowCount > 0 && ranges.every(({ batch, from, to }) => from < to && to <= batch.rowCount), 'ranges have rows')
  const { dirs, dirRowEnds } = spliceDirs(ranges)
  const state = ranges.some(({ batch }) => batch.state !== null)
  return {
    rowCount,
    dirs,
    dirRowEnds,
    names: spliceBytes(ranges, rowCount, ({ batch }) => batch.names) ?? {
      heap: EMPTY,
      ends: new Uint32Array(rowCount),
    },
    before: spliceEntries(ranges, rowCount, ({ batch }) => batch.before),
    after: spliceEntries(ranges, rowCount, ({ batch }) => batch.after),
    seen: spliceEntries(ranges, rowCount, ({ batch }) => batch.seen),
    state: state ? spliceColumn(Uint8Array, ranges, 1, ({ batch }) => batch.state) : null,
    owners: null,
    touched: null,
  }
}

/** Index of the directory that row i lies in. */
export function dirIndexOf(batch: Batch, i: number): number {
  const ends = batch.dirRowEnds
  let lo = 0
  let hi = ends.length - 1
  while (lo < hi) {
    const middle = (lo + hi) >>> 1
    if (ends[middle]! <= i) lo = middle + 1
    else hi = middle
  }
  return lo
}

function spliceDirs(ranges: readonly RowRange[]): { dirs: BytesColumn; dirRowEnds: Uint32Array } {
  const parts: Array<{ heap: Uint8Array; start: number; end: number }> = []
  const rowEnds: number[] = []
  let rowCount = 0
  let byteLength = 0
  for (const { batch, from, to } of ranges) {
    const { dirs, dirRowEnds } = batch
    for (let d = dirIndexOf(batch, from); d < dirRowEnds.length; d++) {
      const start = startOf(dirs, d)
      const end = dirs.ends[d]!
      const rowEnd = rowCount + Math.min(dirRowEnds[d]!, to) - from
      const last = parts.at(-1)
      // A directory may go on in the next range.
      if (last !== undefined && compareRanges(last.heap, last.start, last.end, dirs.heap, start, end) === 0) {
        rowEnds[rowEnds.length - 1] = rowEnd
      } else {
        parts.push({ heap: dirs.heap, start, end })
        rowEnds.push(rowEnd)
        byteLength += end - start
      }
      if (dirRowEnds[d]! >= to) break
    }
    rowCount += to - from
  }
  const dirs = { heap: new Uint8Array(byteLength), ends: new Uint32Array(parts.length) }
  let at = 0
  parts.forEach(({ heap, start, end }, d) => {
    dirs.heap.set(heap.subarray(start, end), at)
    at += end - start
    dirs.ends[d] = at
  })
  return { dirs, dirRowEnds: Uint32Array.from(rowEnds) }
}

type PickColumn = (range: RowRange) => BytesColumn | null

/** Null where all strings are empty. */
function spliceBytes(ranges: readonly RowRange[], rowCount: number, pick: PickColumn): BytesColumn | null {
  let byteLength = 0
  for (const range of ranges) {
    const column = pick(range)
    if (column !== null) byteLength += column.ends[range.to - 1]! - startOf(column, range.from)
  }
  if (byteLength === 0) return null
  const heap = new Uint8Array(byteLength)
  const ends = new Uint32Array(rowCount)
  let length = 0
  let row = 0
  for (const range of ranges) {
    const column = pick(range)
    const { from, to } = range
    if (column === null) {
      ends.fill(length, row, row + to - from)
    } else {
      const start = startOf(column, from)
      heap.set(column.heap.subarray(start, column.ends[to - 1]!), length)
      const shift = length - start
      for (let i = from; i < to; i++) ends[row + i - from] = column.ends[i]! + shift
      length += column.ends[to - 1]! - start
    }
    row += to - from
  }
  return { heap, ends }
}

type Column = Uint8Array | Uint16Array | Uint32Array | Float64Array | BigUint64Array
type ColumnType<C extends Column> = new (length: number) => C

/** One column, `width` elements a row; where a range lacks it, it is zero. */
function spliceColumn<C extends Column>(
  type: ColumnType<C>,
  ranges: readonly RowRange[],
  width: number,
  pick: (range: RowRange) => C | null,
): C {
  const column = new type(width * ranges.reduce((sum, { from, to }) => sum + to - from, 0))
  let at = 0
  for (const range of ranges) {
    const part = pick(range)?.subarray(range.from * width, range.to * width)
    if (part !== undefined) column.set(part as Uint8Array & BigUint64Array, at)
    at += (range.to - range.from) * width
  }
  return column
}

function spliceEntries(
  ranges: readonly RowRange[],
  count: number,
  side: (range: RowRange) => Entries | null,
): Entries | null {
  if (ranges.every((range) => side(range) === null)) return null
  const column = <C extends Column>(type: ColumnType<C>, pick: (entries: Entries) => C | null, width = 1): C =>
    spliceColumn(type, ranges, width, (range) => {
      const entries = side(range)
      return entries === null ? null : pick(entries)
    })
  const bytes = (pick: (entries: Entries) => BytesColumn | null): BytesColumn | null =>
    spliceBytes(ranges, count, (range) => {
      const entries = side(range)
      return entries === null ? null : pick(entries)
    })
  const has = (pick: (entries: Entries) => unknown): boolean =>
    ranges.some((range) => {
      const entries = side(range)
      return entries !== null && pick(entries) !== null
    })
  const kind = column(Uint8Array, (e) => e.kind)
  const devices = kind.includes(Kind.char) || kind.includes(Kind.block)
  return {
    count,
    kind,
    mode: column(Uint16Array, (e) => e.mode),
    uid: column(Uint32Array, (e) => e.uid),
    gid: column(Uint32Array, (e) => e.gid),
    size: column(Float64Array, (e) => e.size),
    mtimeSec: column(Float64Array, (e) => e.mtimeSec),
    mtimeNsec: column(Uint32Array, (e) => e.mtimeNsec),
    rdevMajor: devices ? column(Uint32Array, (e) => e.rdevMajor) : null,
    rdevMinor: devices ? column(Uint32Array, (e) => e.rdevMinor) : null,
    content: has((e) => e.content) ? column(Uint8Array, (e) => e.content, ID_BYTES) : null,
    target: bytes((e) => e.target),
    link: bytes((e) => e.link),
    moved: bytes((e) => e.moved),
    xattrs: bytes((e) => e.xattrs),
    hints: has((e) => e.hints) ? spliceHints(ranges, count, (range) => side(range)?.hints ?? null) : null,
  }
}

function spliceHints(ranges: readonly RowRange[], count: number, side: (range: RowRange) => Hints | null): Hints {
  const column = <C extends Column>(type: ColumnType<C>, pick: (hints: Hints) => C): C =>
    spliceColumn(type, ranges, 1, (range) => {
      const hints = side(range)
      return hints === null ? null : pick(hints)
    })
  return {
    ino: column(BigUint64Array, (h) => h.ino),
    devMajor: column(Uint32Array, (h) => h.devMajor),
    devMinor: column(Uint32Array, (h) => h.devMinor),
    ctimeSec: column(Float64Array, (h) => h.ctimeSec),
    ctimeNsec: column(Uint32Array, (h) => h.ctimeNsec),
    nlink: column(Uint32Array, (h) => h.nlink),
    racy: column(Uint8Array, (h) => h.racy),
    holes: spliceBytes(ranges, count, (range) => side(range)?.holes ?? null),
  }
}
