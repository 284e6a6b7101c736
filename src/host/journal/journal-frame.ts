/**
 * One frame of the journal: a batch that was checked against the target, with what is to be done for each row, as raw
 * columns. Private to one apply on one host: numbers are in the byte order of the machine, columns are views when read.
 */
import { assert } from '../../base/assert.ts'
import type { Batch } from '../../model/batch.ts'
import { type BytesColumn, optionalBytesAt } from '../../model/bytes-column.ts'
import type { Entries, Hints } from '../../model/entries.ts'

/** What is done for a row, as bits. */
export const Op = {
  /** The entry at the target is displaced to old/<ordinal>. */
  out: 1,
  /** The staged entry new/<ordinal> is installed where nothing is. */
  in: 2,
  /** The staged entry new/<ordinal> and the one at the target change places. */
  swap: 4,
  /** With `in`: what is installed is the entry displaced from where the row says that it was moved from. */
  moved: 8,
  /** The metadata of the entry at the target is set in place. */
  meta: 16,
  /** The entry is made within a staged directory and is installed with it. */
  inside: 32,
  /** The staged entry is a further name of another file. */
  link: 64,
  /** The staged file's bytes come from the stream. */
  content: 128,
  /** The staged file is a copy of the one at the target, which keeps its other names. */
  copy: 256,
  /** What is displaced or exchanged is kept: under another name, or in a folder. */
  keep: 512,
  /** With `in`: the entry is installed beside the one at the target, under another name. */
  beside: 1024,
} as const

/** What was found of one directory of the batch. */
export type DirColumns = {
  /** Bits of Dir. */
  flags: Uint8Array
  /** Ordinal of the row whose staged directory it is in or is; -1 elsewhere. */
  stageRoot: Float64Array
  /** Length in bytes of that row's path. */
  stageRootLength: Uint32Array
  /** Time and mode before anything was done; 0 where it is not at the target. */
  mtimeSec: Float64Array
  mtimeNsec: Uint32Array
  mode: Uint16Array
}

export type Frame = {
  /** Number of the first row among all of the stream. */
  firstOrdinal: number
  batch: Batch
  dirs: DirColumns
  /** Bits of Op. */
  op: Uint16Array
}

type Column = Uint8Array | Uint16Array | Uint32Array | Float64Array | BigUint64Array

/** Columns start at multiples of this, so that a view of any type fits. */
const ALIGNMENT = 8
const COLUMN_HEAD_BYTES = 8
const ABSENT = 0xffffffff

/** Where the entry of row i was moved to; empty for all others. */
export function movedTo({ batch }: Frame, i: number): Uint8Array {
  return optionalBytesAt(batch.before?.moved ?? null, i)
}

/** The frame as bytes. */
export function encodeFrame(frame: Frame): Uint8Array {
  const columns = columnsOf(frame)
  const length = columns.reduce((sum, column) => sum + COLUMN_HEAD_BYTES + padded(column?.byteLength ?? 0), 0)
  const bytes = new Uint8Array(length)
  const heads = new Uint32Array(bytes.buffer)
  let at = 0
  for (const column of columns) {
    heads[at / 4] = column === null ? ABSENT : column.byteLength
    at += COLUMN_HEAD_BYTES
    if (column === null) continue
    bytes.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), at)
    at += padded(column.byteLength)
  }
  return bytes
}

function padded(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT
}

function columnsOf({ firstOrdinal, batch, dirs, op }: Frame): (Column | null)[] {
  return [
    Float64Array.of(firstOrdinal, batch.rowCount),
    ...bytesColumns(batch.dirs),
    batch.dirRowEnds,
    ...bytesColumns(batch.names),
    batch.state,
    op,
    dirs.flags,
    dirs.stageRoot,
    dirs.stageRootLength,
    dirs.mtimeSec,
    dirs.mtimeNsec,
    dirs.mode,
    ...entriesColumns(batch.before),
    ...entriesColumns(batch.after),
    ...entriesColumns(batch.seen),
  ]
}

function bytesColumns(column: BytesColumn | null): (Column | null)[] {
  return column === null ? [null, null] : [column.ends, column.heap]
}

function entriesColumns(entries: Entries | null): (Column | null)[] {
  if (entries === null) return [null]
  const { kind, mode, uid, gid, size, mtimeSec, mtimeNsec, rdevMajor, rdevMinor, content, hints } = entries
  return [
    kind,
    mode,
    uid,
    gid,
    size,
    mtimeSec,
    mtimeNsec,
    rdevMajor,
    rdevMinor,
    content,
    ...bytesColumns(entries.target),
    ...bytesColumns(entries.link),
    ...bytesColumns(entries.moved),
    ...bytesColumns(entries.xattrs),
    ...hintsColumns(hints),
  ]
}

function hintsColumns(hints: Hints | null): (Column | null)[] {
  if (hints === null) return [null]
  return [
    hints.ino,
    hints.devMajor,
    hints.devMinor,
    hints.ctimeSec,
    hints.ctimeNsec,
    hints.nlink,
    hints.racy,
    ...bytesColumns(hints.holes),
  ]
}

/** The frame of its bytes. The bytes start at a multiple of 8 of their buffer; the columns are views on them. */
export function decodeFrame(bytes: Uint8Array): Frame {
  const reader = readColumns(bytes)
  const head = reader.need(Float64Array)
  const dirPaths = reader.bytesColumn()
  const dirRowEnds = reader.need(Uint32Array)
  const names = reader.bytesColumn()
  assert(dirPaths !== null && names !== null)
  const state = reader.take(Uint8Array)
  const op = reader.need(Uint16Array)
  const dirs = {
    flags: reader.need(Uint8Array),
    stageRoot: reader.need(Float64Array),
    stageRootLength: reader.need(Uint32Array),
    mtimeSec: reader.need(Float64Array),
    mtimeNsec: reader.need(Uint32Array),
    mode: reader.need(Uint16Array),
  }
  const batch: Batch = {
    rowCount: head[1]!,
    dirs: dirPaths,
    dirRowEnds,
    names,
    before: decodeEntries(reader),
    after: decodeEntries(reader),
    seen: decodeEntries(reader),
    state,
    owners: null,
    touched: null,
  }
  return { firstOrdinal: head[0]!, batch, dirs, op }
}

type ColumnType<C extends Column> = {
  new (buffer: ArrayBufferLike, offset: number, length: number): C
  readonly BYTES_PER_ELEMENT: number
}

type Reader = {
  take<C extends Column>(type: ColumnType<C>): C | null
  need<C extends Column>(type: ColumnType<C>): C
  bytesColumn(): BytesColumn | null
}

function readColumns(bytes: Uint8Array): Reader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
  let at = 0
  function take<C extends Column>(type: ColumnType<C>): C | null {
    const length = view.getUint32(at, isLittleEndian)
    at += COLUMN_HEAD_BYTES
    if (length === ABSENT) return null
    const column = new type(bytes.buffer, bytes.byteOffset + at, length / type.BYTES_PER_ELEMENT)
    at += padded(length)
    return column
  }
  function need<C extends Column>(type: ColumnType<C>): C {
    const column = take(type)
    assert(column !== null, 'the journal has this column')
    return column
  }
  function bytesColumn(): BytesColumn | null {
    const ends = take(Uint32Array)
    const heap = take(Uint8Array)
    return ends === null || heap === null ? null : { heap, ends }
  }
  return { take, need, bytesColumn }
}

function decodeEntries(reader: Reader): Entries | null {
  const kind = reader.take(Uint8Array)
  if (kind === null) return null
  return {
    count: kind.length,
    kind,
    mode: reader.need(Uint16Array),
    uid: reader.need(Uint32Array),
    gid: reader.need(Uint32Array),
    size: reader.need(Float64Array),
    mtimeSec: reader.need(Float64Array),
    mtimeNsec: reader.need(Uint32Array),
    rdevMajor: reader.take(Uint32Array),
    rdevMinor: reader.take(Uint32Array),
    content: reader.take(Uint8Array),
    target: reader.bytesColumn(),
    link: reader.bytesColumn(),
    moved: reader.bytesColumn(),
    xattrs: reader.bytesColumn(),
    hints: decodeHints(reader),
  }
}

function decodeHints(reader: Reader): Hints | null {
  const ino = reader.take(BigUint64Array)
  if (ino === null) return null
  return {
    ino,
    devMajor: reader.need(Uint32Array),
    devMinor: reader.need(Uint32Array),
    ctimeSec: reader.need(Float64Array),
    ctimeNsec: reader.need(Uint32Array),
    nlink: reader.need(Uint32Array),
    racy: reader.need(Uint8Array),
    holes: reader.bytesColumn(),
  }
}
