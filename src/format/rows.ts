/** Rows frames (spec §4.3): a batch to and from its rows, hints and owners records. Pure. */
import { Limits, recordFields, State } from '../base/constants.ts'
import { FormatError } from '../base/errors.ts'
import type { Batch } from '../model/batch.ts'
import type { Entries } from '../model/entries.ts'
import type { StreamKind } from '../model/item.ts'
import { checkBatch } from './check.ts'
import { decodePlanes, encodePlanes } from './columns.ts'
import { FieldReader, FieldWriter } from './fields.ts'
import { encodeRecord, type Fields, type Rec } from './msgpack.ts'
import { checkDirs, checkNames, decodeFront, encodeFront } from './names.ts'
import { decodeOwners, encodeOwners } from './owners.ts'
import { decodeEntries, decodeHints, encodeEntries, encodeHints, isZeroHints } from './sides.ts'

/** The records of one rows frame; hints and owners are null where there are none. */
export type RowsRecords = { rows: Uint8Array; hints: Uint8Array | null; owners: Uint8Array | null }

const sideNames = ['after', 'before', 'seen'] as const

/** The records that a batch is written as. */
export function encodeRows(batch: Batch): RowsRecords {
  const hints = encodeHintsRecord(batch)
  return {
    rows: encodeRecord('rows', encodeRowsFields(batch)),
    hints: Object.keys(hints).length === 0 ? null : encodeRecord('hints', hints),
    owners: batch.owners === null ? null : encodeRecord('owners', encodeOwners(batch.owners)),
  }
}

function encodeRowsFields(batch: Batch): Fields {
  const { rowCount, dirs, dirRowEnds } = batch
  const dirCount = dirRowEnds.length
  const writer = new FieldWriter().put('count', rowCount).put('dirCount', dirCount)
  encodeFront(writer, 'dir', dirs, freshDirs(dirCount))
  const dirRows = dirRowEnds.map((end, d) => end - (d === 0 ? 0 : dirRowEnds[d - 1]!))
  writer.put('dirRows', encodePlanes(dirRows, dirCount))
  encodeFront(writer, 'name', batch.names, freshNames(dirRowEnds, rowCount))
  if (batch.after !== null) writer.put('after', encodeEntries(batch.after, null))
  if (batch.before !== null) writer.put('before', encodeEntries(batch.before, batch.after))
  if (batch.seen !== null) writer.put('seen', encodeEntries(batch.seen, batch.after))
  if (batch.state !== null) writer.put('state', encodePlanes(batch.state, rowCount))
  return writer.fields
}

function encodeHintsRecord(batch: Batch): Fields {
  const writer = new FieldWriter()
  for (const name of sideNames) {
    const side = batch[name]
    if (side === null || side.hints === null || isZeroHints(side.hints)) continue
    writer.put(name, encodeHints(side, side.hints, name === 'after' ? null : batch.after))
  }
  return writer.fields
}

/**
 * The batch of a rows frame's records. Checks every rule of spec §4.3, §5 and §6 that one frame can break.
 * Columns are fresh; byte heaps are views on the frame. Throws FormatError with `offset`.
 */
export function decodeRows(records: Rec[], kind: StreamKind, offset: number): Batch {
  const rows = records[0]
  if (rows === undefined || rows.name !== 'rows')
    throw new FormatError('unknown-record', offset, 'a rows frame begins with rows')
  const batch = decodeRowsRecord(rows, offset)
  for (let i = 1; i < records.length; i++) decodeFollower(batch, records, i, offset)
  checkBatch(batch, kind, offset)
  return batch
}

function decodeRowsRecord(record: Rec, offset: number): Batch {
  const reader = new FieldReader('rows', record.fields, recordFields.rows, offset)
  const count = reader.uint('count', 0, 0xffff_ffff)
  const dirCount = reader.uint('dirCount', 0, 0xffff_ffff)
  if (count < 1 || count > Limits.batchRowsMax) throw new FormatError('too-many-rows', offset, `${count} rows`)
  if (dirCount < 1 || dirCount > count)
    throw new FormatError('too-many-rows', offset, `${dirCount} directories for ${count} rows`)
  const dirs = decodeFront(reader, 'dir', dirCount, freshDirs(dirCount), Limits.pathBytesMax, Limits.dirsBytesMax)
  const dirRowEnds = decodeDirRows(reader, count, dirCount)
  const names = decodeFront(
    reader,
    'name',
    count,
    freshNames(dirRowEnds, count),
    Limits.nameBytesMax,
    Limits.frameBytesMax,
  )
  checkDirs(dirs, offset)
  checkNames(names, dirs, dirRowEnds, offset)
  const after = decodeSide(reader, 'after', null, count)
  const before = decodeSide(reader, 'before', after, count)
  const seen = decodeSide(reader, 'seen', after, count)
  return {
    rowCount: count,
    dirs,
    dirRowEnds,
    names,
    after,
    before,
    seen,
    state: decodeState(reader, count),
    owners: null,
    touched: null,
  }
}

function decodeSide(reader: FieldReader, name: string, after: Entries | null, count: number): Entries | null {
  const fields = reader.optionalMap(name)
  return fields === null ? null : decodeEntries(fields, after, count, reader.offset)
}

function decodeDirRows(reader: FieldReader, count: number, dirCount: number): Uint32Array {
  const ends = new Uint32Array(dirCount)
  decodePlanes(reader.bytes('dirRows', 1, Limits.frameBytesMax), ends, dirCount, reader.offset, 'dirRows')
  let total = 0
  for (let d = 0; d < dirCount; d++) {
    if (ends[d] === 0) throw new FormatError('bad-column', reader.offset, 'dirRows: a directory without rows')
    total += ends[d]!
    ends[d] = total
  }
  if (total !== count) throw new FormatError('bad-column', reader.offset, `dirRows: ${total} rows of ${count}`)
  return ends
}

function decodeState(reader: FieldReader, count: number): Uint8Array | null {
  const bytes = reader.optionalBytes('state', 1, Limits.batchRowsMax)
  if (bytes === null) return null
  const state = new Uint8Array(count)
  decodePlanes(bytes, state, count, reader.offset, 'state')
  if (state.some((value) => value > State.failed)) throw new FormatError('bad-value', reader.offset, 'state')
  return state
}

const recordNames = ['rows', 'hints', 'owners']

/** Hints and owners, each at most once and in this order; then optional records, which nobody here knows. */
function decodeFollower(batch: Batch, records: Rec[], i: number, offset: number): void {
  const { name, fields } = records[i]!
  if (name.startsWith('x.')) return
  const previous = recordNames.indexOf(records[i - 1]!.name)
  if (previous < 0 || recordNames.indexOf(name) <= previous) {
    throw new FormatError('unknown-record', offset, `${JSON.stringify(name)} in a rows frame, or out of order`)
  }
  if (name === 'owners') batch.owners = decodeOwners(fields, offset)
  else decodeHintsRecord(batch, fields, offset)
}

function decodeHintsRecord(batch: Batch, fields: Fields, offset: number): void {
  const reader = new FieldReader('hints', fields, recordFields.hints, offset)
  if (Object.keys(fields).length === 0) reader.fail('after', 'an empty hints record is left out')
  for (const name of sideNames) {
    const columns = reader.optionalMap(name)
    if (columns === null) continue
    const side = batch[name]
    if (side === null) throw new FormatError('bad-field', offset, `hints.${name}: hints of a side that is not there`)
    side.hints = decodeHints(columns, side, name === 'after' ? null : batch.after, offset)
    if (isZeroHints(side.hints)) reader.fail(name, 'hints that are all zero are left out')
  }
}

function freshDirs(count: number): Uint8Array {
  const fresh = new Uint8Array(count)
  fresh[0] = 1
  return fresh
}

/** The first name of each directory shares nothing. */
function freshNames(dirRowEnds: Uint32Array, count: number): Uint8Array {
  const fresh = new Uint8Array(count)
  fresh[0] = 1
  for (const end of dirRowEnds) if (end < count) fresh[end] = 1
  return fresh
}
