/** The sides of a rows record and of a hints record (spec §5): Entries and Hints to and from columns. */
import { entriesColumns, hintsColumns, Limits } from '../base/constants.ts'
import { FormatError } from '../base/errors.ts'
import type { BytesColumn } from '../model/bytes-column.ts'
import { type Entries, type Hints, ID_BYTES } from '../model/entries.ts'
import {
  decodeDelta,
  decodePlanes,
  decodePlanes64,
  encodeDelta,
  encodePlanes,
  encodePlanes64,
  joinFloats,
  splitFloats,
  xorColumn,
  xorFloats,
  xorWide,
} from './columns.ts'
import { FieldReader, FieldWriter } from './fields.ts'
import type { Fields } from './msgpack.ts'

type Spec = { name: string; type: string; coding: string }
type Column = Uint8Array | Uint16Array | Uint32Array | Float64Array | BigUint64Array | BytesColumn
type Columns = Record<string, Column | null>

/** A side while it is coded: its columns, which of its rows are present, and the after side that it is XORed with. */
type Side = { columns: Columns; kind: Uint8Array; after: { columns: Columns; kind: Uint8Array } | null; count: number }

/** Field names of one side's map, in order: a byte-string column has two. */
function fieldNames(specs: readonly Spec[]): string[] {
  return specs.flatMap((spec) => (spec.type === 'bytes' ? [`${spec.name}Lengths`, `${spec.name}Bytes`] : [spec.name]))
}

const entriesFields = fieldNames(entriesColumns)
const hintsFields = fieldNames(hintsColumns)

/** One side of a rows record; `after` is the after side where `entries` is another side (spec §5.3). */
export function encodeEntries(entries: Entries, after: Entries | null): Fields {
  return encodeColumns(entriesColumns, entriesSide(entries, after))
}

/** One side of a hints record. */
export function encodeHints(entries: Entries, hints: Hints, after: Entries | null): Fields {
  return encodeColumns(hintsColumns, hintsSide(entries, hints, after))
}

function entriesSide(entries: Entries, after: Entries | null): Side {
  const other = after === null ? null : { columns: after as unknown as Columns, kind: after.kind }
  return { columns: entries as unknown as Columns, kind: entries.kind, after: other, count: entries.count }
}

/** The hints with their own side's mtime columns, which ctime is coded against. */
function hintsSide(entries: Entries, hints: Hints, after: Entries | null): Side {
  const columns = { ...hints, mtimeSec: entries.mtimeSec, mtimeNsec: entries.mtimeNsec } as unknown as Columns
  const afterHints = after?.hints ?? null
  const other =
    after === null || afterHints === null || isZeroHints(afterHints)
      ? null
      : { columns: afterHints as unknown as Columns, kind: after.kind }
  return { columns, kind: entries.kind, after: other, count: entries.count }
}

/** True for hints that say nothing; a record leaves them out. */
export function isZeroHints(hints: Hints): boolean {
  const { ino, devMajor, devMinor, ctimeSec, ctimeNsec, nlink, racy, holes } = hints
  if (holes !== null && holes.heap.length > 0) return false
  if (ino.some((value) => value !== 0n)) return false
  return [devMajor, devMinor, ctimeSec, ctimeNsec, nlink, racy].every((column) => column.every((value) => value === 0))
}

function encodeColumns(specs: readonly Spec[], side: Side): Fields {
  const writer = new FieldWriter()
  for (const spec of specs) {
    const column = side.columns[spec.name] ?? null
    if (spec.type === 'bytes') encodeBytes(writer, spec.name, column as BytesColumn | null, side.count)
    else if (spec.type === 'id') writer.put(spec.name, encodeIds(column as Uint8Array | null, side))
    else if (spec.type === 'u64' || spec.type === 'i64') writer.put(spec.name, encodeWide(spec, side))
    else writer.put(spec.name, encodeNarrow(spec, side))
  }
  return writer.fields
}

export function encodeBytes(writer: FieldWriter, name: string, column: BytesColumn | null, count: number): void {
  if (column === null || column.heap.length === 0) return
  const lengths = new Uint32Array(count)
  for (let i = 0, start = 0; i < count; i++) {
    lengths[i] = column.ends[i]! - start
    start = column.ends[i]!
  }
  writer.put(`${name}Lengths`, encodePlanes(lengths, count)).put(`${name}Bytes`, column.heap)
}

function encodeIds(column: Uint8Array | null, side: Side): Uint8Array | null {
  const other = (side.after?.columns['content'] ?? null) as Uint8Array | null
  if (column === null && other === null) return null
  const ids = column?.slice() ?? new Uint8Array(side.count * ID_BYTES)
  if (other !== null) xorWide(ids, other, side.kind, side.after!.kind, side.count, ID_BYTES)
  return ids.some((byte) => byte !== 0) ? ids : null
}

function encodeNarrow(spec: Spec, side: Side): Uint8Array | null {
  const column = side.columns[spec.name] as Uint32Array | null
  const partner = partnerOf(spec, side) as Uint32Array | null
  if (partner === null) return column === null ? null : encodePlanes(column, side.count)
  const values = column?.slice() ?? new (partner.constructor as Uint32ArrayConstructor)(side.count)
  xorColumn(values, partner, side.kind, partnerKind(spec, side), side.count)
  return encodePlanes(values, side.count)
}

function encodeWide(spec: Spec, side: Side): Uint8Array | null {
  const column = side.columns[spec.name] as Float64Array | BigUint64Array | null
  if (column === null) return null
  const halves = halvesOf(column, side.count)
  const partner = partnerOf(spec, side) as Float64Array | BigUint64Array | null
  if (partner !== null)
    xorWide(halves, halvesOf(partner, side.count), side.kind, partnerKind(spec, side), side.count, 2)
  else if (spec.coding === 'delta' && side.after === null) encodeDelta(halves, side.kind, side.count)
  return encodePlanes64(halves, side.count)
}

/** The column that values are XORed with: their own mtime for ctime, else the after side's, but never for `kind`. */
function partnerOf(spec: Spec, side: Side): Column | null {
  if (isOwnCoding(spec)) return side.columns[spec.coding] ?? null
  if (side.after === null || spec.name === 'kind') return null
  return side.after.columns[spec.name] ?? null
}

function partnerKind(spec: Spec, side: Side): Uint8Array {
  return isOwnCoding(spec) ? side.kind : side.after!.kind
}

function isOwnCoding(spec: Spec): boolean {
  return spec.coding !== 'plain' && spec.coding !== 'delta'
}

function halvesOf(column: Float64Array | BigUint64Array, count: number): Uint32Array {
  const halves = new Uint32Array(2 * count)
  if (column instanceof Float64Array) splitFloats(column, count, halves)
  else halves.set(new Uint32Array(column.buffer, column.byteOffset, 2 * count))
  return halves
}

/** The inverse of encodeEntries. Values are not checked yet; see check.ts. */
export function decodeEntries(fields: Fields, after: Entries | null, count: number, offset: number): Entries {
  const reader = new FieldReader('rows', fields, entriesFields, offset)
  const kind = new Uint8Array(count)
  const entries = { count, kind, hints: null, rdevMajor: null, rdevMinor: null } as unknown as Entries
  const side = entriesSide(entries, after)
  decodeColumns(entriesColumns, side, reader)
  return entries
}

/** The inverse of encodeHints. */
export function decodeHints(fields: Fields, entries: Entries, after: Entries | null, offset: number): Hints {
  const reader = new FieldReader('hints', fields, hintsFields, offset)
  const side = hintsSide(entries, {} as Hints, after)
  decodeColumns(hintsColumns, side, reader)
  const { mtimeSec: _, mtimeNsec: __, ...hints } = side.columns
  return hints as unknown as Hints
}

const OPTIONAL = new Set(['rdevMajor', 'rdevMinor', 'content'])

function decodeColumns(specs: readonly Spec[], side: Side, reader: FieldReader): void {
  for (const spec of specs) {
    if (spec.type === 'bytes') {
      side.columns[spec.name] = decodeBytes(reader, spec.name, side.count)
      continue
    }
    const bytes = reader.optionalBytes(spec.name, 1, Limits.frameBytesMax)
    const partner = spec.type === 'id' ? (side.after?.columns['content'] ?? null) : partnerOf(spec, side)
    if (bytes === null && partner === null && OPTIONAL.has(spec.name)) side.columns[spec.name] = null
    else if (spec.type === 'id') side.columns[spec.name] = decodeIds(bytes, partner as Uint8Array | null, side, reader)
    else if (spec.type === 'u64' || spec.type === 'i64')
      side.columns[spec.name] = decodeWide(spec, bytes, partner, side, reader)
    else decodeNarrow(spec, bytes, partner as Uint32Array | null, side, reader)
  }
}

/** A byte-string column of `count` rows, or null where it is absent. */
export function decodeBytes(reader: FieldReader, name: string, count: number): BytesColumn | null {
  const planes = reader.optionalBytes(`${name}Lengths`, 1, Limits.frameBytesMax)
  const heap = reader.optionalBytes(`${name}Bytes`, 1, Limits.frameBytesMax)
  if (planes === null && heap === null) return null
  if (planes === null || heap === null)
    throw new FormatError('bad-column', reader.offset, `${name}: lengths and bytes go together`)
  const ends = new Uint32Array(count)
  decodePlanes(planes, ends, count, reader.offset, name)
  let total = 0
  for (let i = 0; i < count; i++) {
    total += ends[i]!
    ends[i] = total
  }
  if (total !== heap.length) throw new FormatError('bad-column', reader.offset, `${name}: lengths do not add up`)
  return { heap, ends }
}

function decodeIds(bytes: Uint8Array | null, partner: Uint8Array | null, side: Side, reader: FieldReader): Uint8Array {
  const length = side.count * ID_BYTES
  if (bytes !== null && (bytes.length !== length || !bytes.some((byte) => byte !== 0))) {
    throw new FormatError(
      'bad-column',
      reader.offset,
      `content: ${bytes.length} bytes for ${side.count} rows, or all zero`,
    )
  }
  const ids = bytes?.slice() ?? new Uint8Array(length)
  if (partner !== null) xorWide(ids, partner, side.kind, side.after!.kind, side.count, ID_BYTES)
  return ids
}

function decodeNarrow(
  spec: Spec,
  bytes: Uint8Array | null,
  partner: Uint32Array | null,
  side: Side,
  reader: FieldReader,
): void {
  const make = spec.type === 'u8' ? Uint8Array : spec.type === 'u16' ? Uint16Array : Uint32Array
  const isKind = spec.name === 'kind' && side.columns['kind'] !== undefined
  const values = isKind ? (side.columns['kind'] as Uint8Array) : new make(side.count)
  if (bytes !== null) decodePlanes(bytes, values, side.count, reader.offset, spec.name)
  if (partner !== null) xorColumn(values, partner, side.kind, partnerKind(spec, side), side.count)
  side.columns[spec.name] = values
}

/** Halves of a column on its way to doubles; columns of rows have no more values. */
const scratch = new Uint32Array(2 * Limits.batchRowsMax)

function decodeWide(
  spec: Spec,
  bytes: Uint8Array | null,
  partner: Column | null,
  side: Side,
  reader: FieldReader,
): Column {
  const { kind, count } = side
  const isFloat = spec.name !== 'ino'
  const halves = isFloat ? scratch.subarray(0, 2 * count) : new Uint32Array(2 * count)
  if (bytes !== null) decodePlanes64(bytes, halves, count, reader.offset, spec.name)
  else halves.fill(0)
  if (bytes !== null && partner === null && spec.coding === 'delta' && side.after === null)
    decodeDelta(halves, kind, count)
  if (!isFloat) {
    if (partner !== null)
      xorWide(halves, halvesOf(partner as BigUint64Array, count), kind, partnerKind(spec, side), count, 2)
    return new BigUint64Array(halves.buffer)
  }
  const values = new Float64Array(count)
  if (partner === null) joinFloats(halves, count, values)
  else xorFloats(halves, partner as Float64Array, kind, partnerKind(spec, side), count, values)
  return values
}
