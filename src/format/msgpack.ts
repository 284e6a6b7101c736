/**
 * Records as canonical MessagePack (spec §4.1). The one importer of msgpackr, which writes them. They are read here: one
 * pass tells the values and refuses what is not canonical or not used, before anything is built from it.
 */
import { Packr } from 'msgpackr'
import { Limits } from '../base/constants.ts'
import { FormatError } from '../base/errors.ts'

/** What records are made of. Integers are 0 to 2^32 - 1; the only truth value that is read is `true`. */
export type Value = string | number | boolean | Uint8Array | Value[] | Fields
export type Fields = { [name: string]: Value }
/** A record, and the bytes that it was read from. */
export type Rec = { name: string; fields: Fields; bytes: Uint8Array }

const packr = new Packr({ useRecords: false, variableMapSize: true })

/** One record's bytes: an array of its name and its fields, which are written in the order they have. */
export function encodeRecord(name: string, fields: Fields): Uint8Array {
  return packr.pack([name, fields])
}

/**
 * The records of a frame's uncompressed bytes. Byte strings are views on `raw`.
 * Throws FormatError `bad-record` with `offset` for anything that is not canonical.
 */
export function decodeRecords(raw: Uint8Array, offset: number): Rec[] {
  const records: Rec[] = []
  const cursor: Cursor = { raw, at: 0, offset, valuesLeft: Limits.frameValuesMax }
  while (cursor.at < raw.length) {
    if (records.length >= Limits.recordsPerFrameMax) fail(cursor, 'too many records')
    records.push(readRecord(cursor))
  }
  return records
}

/** Where the next value begins, and how many more the frame may have. */
type Cursor = { raw: Uint8Array; at: number; offset: number; valuesLeft: number }

const DEPTH_MAX = 8
const RECORD_TAG = 0x92

function readRecord(cursor: Cursor): Rec {
  const start = cursor.at
  cursor.valuesLeft--
  if (readUint(cursor, 1, 0) !== RECORD_TAG) fail(cursor, 'not an array of a name and a map')
  const name = readValue(cursor, 2)
  if (typeof name !== 'string') fail(cursor, 'a record without a name')
  const fields = readValue(cursor, 2)
  if (typeof fields !== 'object' || fields instanceof Uint8Array || Array.isArray(fields)) {
    fail(cursor, 'a record without a map')
  }
  return { name, fields, bytes: cursor.raw.subarray(start, cursor.at) }
}

/** The value at the cursor. An array or a map in it would lie `depth` deep, the record's own array being the first. */
function readValue(cursor: Cursor, depth: number): Value {
  if (--cursor.valuesLeft < 0) fail(cursor, 'too many values')
  const tag = readUint(cursor, 1, 0)
  if (tag <= 0x7f) return tag
  if (tag <= 0x8f) return readMap(cursor, tag & 15, depth)
  if (tag <= 0x9f) return readArray(cursor, tag & 15, depth)
  if (tag <= 0xbf) return readText(cursor, tag & 31)
  switch (tag) {
    case 0xc3:
      return true
    case 0xc4:
      return readBytes(cursor, readUint(cursor, 1, 0))
    case 0xc5:
      return readBytes(cursor, readUint(cursor, 2, 0x100))
    case 0xc6:
      return readBytes(cursor, readUint(cursor, 4, 0x10000))
    case 0xcc:
      return readUint(cursor, 1, 0x80)
    case 0xcd:
      return readUint(cursor, 2, 0x100)
    case 0xce:
      return readUint(cursor, 4, 0x10000)
    case 0xd9:
      return readText(cursor, readUint(cursor, 1, 0x20))
    case 0xda:
      return readText(cursor, readUint(cursor, 2, 0x100))
    case 0xdb:
      return readText(cursor, readUint(cursor, 4, 0x10000))
    case 0xdc:
      return readArray(cursor, readUint(cursor, 2, 0x10), depth)
    case 0xde:
      return readMap(cursor, readUint(cursor, 2, 0x10), depth)
    default:
      return fail(cursor, `MessagePack type 0x${tag.toString(16)} is not used`)
  }
}

function readMap(cursor: Cursor, count: number, depth: number): Fields {
  if (depth > DEPTH_MAX) fail(cursor, 'nested too deeply')
  // Without a prototype: a key such as `__proto__` is one like any other.
  const fields: Fields = Object.create(null)
  for (let i = 0; i < count; i++) {
    const key = readValue(cursor, DEPTH_MAX + 1)
    if (typeof key !== 'string') fail(cursor, 'a key that is not a text')
    if (fields[key] !== undefined) fail(cursor, `the key ${JSON.stringify(key)} twice`)
    fields[key] = readValue(cursor, depth + 1)
  }
  return fields
}

function readArray(cursor: Cursor, count: number, depth: number): Value[] {
  if (depth > DEPTH_MAX) fail(cursor, 'nested too deeply')
  const values: Value[] = []
  for (let i = 0; i < count; i++) values.push(readValue(cursor, depth + 1))
  return values
}

/** A big-endian integer that would not have fitted into fewer bytes: at least `least`. */
function readUint(cursor: Cursor, width: number, least: number): number {
  let value = 0
  for (let i = 0; i < width; i++) {
    const byte = cursor.raw[cursor.at++]
    if (byte === undefined) fail(cursor, 'a record ends early')
    value = value * 256 + byte
  }
  if (value < least) fail(cursor, 'not in its shortest form')
  return value
}

function readBytes(cursor: Cursor, length: number): Uint8Array {
  const start = cursor.at
  cursor.at += length
  if (cursor.at > cursor.raw.length) fail(cursor, 'a record ends early')
  return cursor.raw.subarray(start, cursor.at)
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function readText(cursor: Cursor, length: number): string {
  const bytes = readBytes(cursor, length)
  try {
    return decoder.decode(bytes)
  } catch {
    return fail(cursor, 'a text that is not UTF-8')
  }
}

function fail(cursor: Cursor, what: string): never {
  throw new FormatError('bad-record', cursor.offset, what)
}
