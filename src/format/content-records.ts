/**
 * The records of a content frame (spec §7.3) in one pass, without a value in between: they come by the hundred thousand. What
 * is not exactly as it is written here is left to the general reader, which knows what is wrong with it.
 */
import { Limits } from '../base/constants.ts'
import { ID_BYTES } from '../model/entries.ts'
import type { ContentPiece } from '../model/item.ts'

/** What stands before the values of a record, up to the next one. */
const ID = {
  whole: Buffer.from('\x92\xa7content\x83\xa2id\xc4\x20', 'latin1'),
  piece: Buffer.from('\x92\xa7content\x84\xa2id\xc4\x20', 'latin1'),
}
const SIZE = Buffer.from('\xa4size\xc4\x08', 'latin1')
const OFFSET = Buffer.from('\xa6offset\xc4\x08', 'latin1')
const BYTES = Buffer.from('\xa5bytes', 'latin1')
const UINT64_BYTES = 8

/** The pieces of a frame, views on it; null where a record is not as we write it. */
export function readContentRecords(raw: Uint8Array): ContentPiece[] | null {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length)
  const pieces: ContentPiece[] = []
  for (let at = 0; at < raw.length; ) {
    const piece = pieces.length < Limits.recordsPerFrameMax ? readRecord(raw, view, at) : null
    if (piece === null) return null
    pieces.push(piece)
    at = piece.bytes.byteOffset - raw.byteOffset + piece.bytes.length
  }
  return pieces
}

function readRecord(raw: Uint8Array, view: DataView, start: number): ContentPiece | null {
  const isWhole = isAt(raw, start, ID.whole)
  if (!isWhole && !isAt(raw, start, ID.piece)) return null
  const idAt = start + ID.whole.length
  let at = idAt + ID_BYTES
  const size = readUint64(raw, view, at, SIZE)
  at += SIZE.length + UINT64_BYTES
  const offset = isWhole ? 0 : readUint64(raw, view, at, OFFSET)
  if (!isWhole) at += OFFSET.length + UINT64_BYTES
  // Zero is written by leaving the field out.
  if (size <= 0 || (offset <= 0 && !isWhole) || !isAt(raw, at, BYTES)) return null
  at += BYTES.length
  const length = readLength(raw, view, at)
  at += lengthBytes(length)
  const isInside = length > 0 && length <= Limits.pieceBytesMax && offset + length <= size && at + length <= raw.length
  if (!isInside) return null
  return { id: raw.subarray(idAt, idAt + ID_BYTES), size, offset, bytes: raw.subarray(at, at + length) }
}

/** Bytes that the record of a piece takes at most. */
export function recordBytesMax({ bytes }: ContentPiece): number {
  return (
    ID.whole.length +
    ID_BYTES +
    SIZE.length +
    OFFSET.length +
    2 * UINT64_BYTES +
    BYTES.length +
    LENGTH_BYTES_MAX +
    bytes.length
  )
}

/** Writes the record of a piece to `raw` from `start`, where there is room for it. Returns where it ends. */
export function writeContentRecord(raw: Buffer, start: number, { id, size, offset, bytes }: ContentPiece): number {
  const isWhole = offset === 0
  let at = put(raw, start, isWhole ? ID.whole : ID.piece)
  at = put(raw, at, id)
  at = putUint64(raw, put(raw, at, SIZE), size)
  if (!isWhole) at = putUint64(raw, put(raw, at, OFFSET), offset)
  at = putLength(raw, put(raw, at, BYTES), bytes.length)
  raw.set(bytes, at)
  return at + bytes.length
}

function put(raw: Buffer, at: number, bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length; i++) raw[at + i] = bytes[i]!
  return at + bytes.length
}

function putUint64(raw: Buffer, at: number, value: number): number {
  raw.writeUInt32LE(value % 2 ** 32, at)
  return raw.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4)
}

function putLength(raw: Buffer, at: number, length: number): number {
  raw[at] = length <= 0xff ? 0xc4 : length <= 0xffff ? 0xc5 : 0xc6
  return raw.writeUIntBE(length, at + 1, lengthBytes(length) - 1)
}

/** Bytes behind the end are none, and so equal to nothing. */
function isAt(raw: Uint8Array, at: number, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (raw[at + i] !== bytes[i]) return false
  return true
}

/** A number of 64 bits behind its field's name; -1 where there is none in range. */
function readUint64(raw: Uint8Array, view: DataView, at: number, name: Uint8Array): number {
  const valueAt = at + name.length
  if (valueAt + UINT64_BYTES > raw.length || !isAt(raw, at, name)) return -1
  const value = view.getUint32(valueAt, true) + view.getUint32(valueAt + 4, true) * 2 ** 32
  return value <= Limits.sizeMax ? value : -1
}

/** A tag and four bytes. Fewer follow only where the last content of a frame is one or two bytes long. */
const LENGTH_BYTES_MAX = 5

/** The length of a byte string, from its tag; -1 where it is not written in the shortest form. */
function readLength(raw: Uint8Array, view: DataView, at: number): number {
  if (at + LENGTH_BYTES_MAX > raw.length) return -1
  const tag = raw[at]
  if (tag === 0xc4) return raw[at + 1]!
  const length = tag === 0xc5 ? view.getUint16(at + 1) : tag === 0xc6 ? view.getUint32(at + 1) : -1
  return length > 0xff && (tag === 0xc5 || length > 0xffff) ? length : -1
}

/** Of the tag and the length of a byte string. */
function lengthBytes(length: number): number {
  return length <= 0xff ? 2 : length <= 0xffff ? 3 : 5
}
