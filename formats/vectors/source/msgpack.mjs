/** Records as MessagePack with notes, written from spec §4.1 alone. What is not canonical is written too, on request. */
import { piece } from './pieces.mjs'

/** Bytes that stand for a value as they are. */
export class Raw {
  constructor(...parts) {
    this.bytes = Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : part)))
  }
}

/** An ordered map of fields. `put` leaves out what is null; the other methods are for what a stream must not say. */
export class Fields {
  entries = []

  put(key, value, note = '') {
    if (value !== null) this.entries.push({ key, value, note })
    return this
  }
  set(key, value) {
    const known = this.entries.find((entry) => entry.key === key)
    if (known === undefined) return this.put(key, value, 'not as it should be')
    Object.assign(known, { value, note: 'not as it should be' })
    return this
  }
  drop(key) {
    this.entries = this.entries.filter((entry) => entry.key !== key)
    return this
  }
  /** Puts a field before another one. */
  insert(before, key, value) {
    const at = this.entries.findIndex((entry) => entry.key === before)
    this.entries.splice(at, 0, { key, value, note: 'not where it should be' })
    return this
  }
  get(key) {
    return this.entries.find((entry) => entry.key === key)?.value
  }
}

/** The pieces of a record. */
export function record(name, fields) {
  return [piece(header(0x90, 0xdc, 2), 'array of 2'), piece(pack(name), `"${name}"`), ...mapPieces(fields, '')]
}

function mapPieces(fields, prefix) {
  const { entries } = fields
  const start = piece(
    header(0x80, 0xde, entries.length),
    `${prefix === '' ? '' : `  ${prefix} `}map of ${entries.length}`,
  )
  return [start, ...entries.flatMap((entry) => fieldPieces(entry, prefix))]
}

function fieldPieces({ key, value, note }, prefix) {
  const indent = prefix === '' ? '  ' : '    '
  if (value instanceof Fields) return [piece(pack(key), `${indent}"${key}":`), ...mapPieces(value, prefix + key)]
  const said = note === '' ? describe(value) : note
  const name = typeof key === 'string' ? `"${key}"` : 'a key'
  return [piece(pack(key), `${indent}${name}: ${said}`), piece(pack(value))]
}

function describe(value) {
  if (value instanceof Raw) return 'not as it should be'
  return value instanceof Uint8Array ? `${value.length} bytes` : JSON.stringify(value)
}

/** A value in its shortest form. */
export function pack(value) {
  if (value instanceof Raw) return value.bytes
  if (value === true) return Buffer.from([0xc3])
  if (typeof value === 'number') return packUint(value)
  if (typeof value === 'string') return packText(Buffer.from(value))
  if (value instanceof Uint8Array) return Buffer.concat([sized([0xc4, 0xc5, 0xc6], [256, 65536], value.length), value])
  if (Array.isArray(value)) return Buffer.concat([header(0x90, 0xdc, value.length), ...value.map(pack)])
  return Buffer.concat([
    header(0x80, 0xde, value.entries.length),
    ...value.entries.flatMap((entry) => [pack(entry.key), pack(entry.value)]),
  ])
}

function packUint(value) {
  return value < 128 ? Buffer.from([value]) : sized([0xcc, 0xcd, 0xce], [256, 65536], value)
}

function packText(bytes) {
  const start =
    bytes.length < 32 ? Buffer.from([0xa0 + bytes.length]) : sized([0xd9, 0xda, 0xdb], [256, 65536], bytes.length)
  return Buffer.concat([start, bytes])
}

/** A tag and a big-endian integer of 1, 2 or 4 bytes. */
function sized(tags, bounds, value) {
  const index = value < bounds[0] ? 0 : value < bounds[1] ? 1 : 2
  const bytes = Buffer.alloc(1 + 2 ** index)
  bytes[0] = tags[index]
  bytes.writeUIntBE(value, 1, 2 ** index)
  return bytes
}

function header(short, long, count) {
  return count < 16 ? Buffer.from([short + count]) : Buffer.from([long, count >> 8, count & 255])
}
