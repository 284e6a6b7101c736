/** Mutations of bytes, and of the values that the records of a frame hold. */
import { decodeRecords, encodeRecord, type Fields, type Value } from '../../src/format/msgpack.ts'
import type { Prng } from './prng.ts'

/** Some bytes changed, added, doubled or left out. */
export function mutateBytes(bytes: Buffer, prng: Prng): Buffer {
  const at = prng.below(bytes.length + 1)
  const count = 1 + prng.below(prng.oneIn(4) ? 40 : 3)
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
  switch (prng.below(6)) {
    case 0:
      return Buffer.concat([before, after.subarray(count)])
    case 1:
      return Buffer.concat([before, prng.bytes(4 * count).subarray(0, count), after])
    case 2:
      return Buffer.concat([before, after.subarray(0, count), after])
    case 3:
      return Buffer.concat([before, Buffer.alloc(count, prng.pick([0, 0xff, 0x7f, 0x2f])), after.subarray(count)])
    case 4:
      return Buffer.from(before)
    default:
      return flipped(bytes, prng)
  }
}

/** The same number of bytes, one of them another. */
function overwritten(bytes: Buffer, prng: Prng): Buffer {
  const changed = Buffer.from(bytes)
  if (bytes.length > 0) changed[prng.below(bytes.length)] = prng.pick([0, 1, 2, 3, 7, 8, 0x2e, 0x2f, 0x7f, 0x80, 0xff])
  return changed
}

function flipped(bytes: Buffer, prng: Prng): Buffer {
  const changed = Buffer.from(bytes)
  if (bytes.length > 0) changed[prng.below(bytes.length)]! ^= 1 << prng.below(8)
  return changed
}

/** The records of a frame's bytes, one of them changed, left out, doubled or moved. */
export function mutateRecords(raw: Buffer, prng: Prng): Buffer {
  const records = decodeRecords(raw, 0).map(({ name, fields }) => ({ name, fields }))
  const i = prng.below(records.length)
  const record = records[i]!
  switch (prng.below(12)) {
    case 0:
      records.splice(i, 1)
      break
    case 1:
      records.splice(prng.below(records.length + 1), 0, record)
      break
    case 2:
      record.name = prng.pick(['rows', 'hints', 'owners', 'content', 'recipe', 'chunks', 'problem', 'end', 'x.a', ''])
      break
    default:
      record.fields = mutateFields(record.fields, prng)
  }
  return Buffer.concat(records.map(({ name, fields }) => encodeRecord(name, fields)))
}

function mutateFields(fields: Fields, prng: Prng): Fields {
  const entries = Object.entries(fields)
  const maps = entries.flatMap(([, value], at) => (isMap(value) ? [at] : []))
  const i = maps.length > 0 && prng.oneIn(2) ? prng.pick(maps) : prng.below(entries.length)
  const entry = entries[i]
  if (entry === undefined || prng.oneIn(20)) return { ...fields, [prng.pick(NAMES)]: anyValue(prng) }
  switch (isMap(entry[1]) ? 3 + prng.below(30) : prng.below(15)) {
    case 0:
      entries.splice(i, 1)
      break
    case 1:
      entries.push(...entries.splice(i, 1))
      break
    case 2:
    case 3:
      entry[0] = prng.pick(NAMES)
      break
    default:
      entry[1] = mutateValue(entry[1], prng)
  }
  return Object.fromEntries(entries)
}

const isMap = (value: Value): value is Fields =>
  typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array)

const NAMES = [
  'count',
  'after',
  'before',
  'seen',
  'kind',
  'size',
  'mtimeSec',
  'ino',
  'nameLengths',
  'linkBytes',
  'path',
  'x.a',
]
const NUMBERS = [0, 1, 2, 127, 128, 255, 256, 4096, 4097, 65535, 65536, 262144, 262145, 2 ** 31, 2 ** 32 - 1]

function mutateValue(value: Value, prng: Prng): Value {
  if (prng.oneIn(isMap(value) ? 100 : 20)) return anyValue(prng)
  if (typeof value === 'number') return prng.oneIn(2) ? prng.pick(NUMBERS) : Math.max(0, value + prng.pick([-1, 1]))
  if (typeof value === 'string') return prng.oneIn(2) ? '' : `${value}\u202e`
  if (value instanceof Uint8Array) return mutateBin(Buffer.from(value), prng)
  if (Array.isArray(value)) return prng.oneIn(2) ? value.slice(1) : [...value, ...value]
  return isMap(value) ? mutateFields(value, prng) : 0
}

/** Bytes of a column or of an id: also whole planes more or fewer, all zero, all ones, or a path that climbs. */
function mutateBin(bytes: Buffer, prng: Prng): Buffer {
  switch (prng.below(12)) {
    case 0:
      return Buffer.concat([bytes, bytes])
    case 1:
      return bytes.subarray(0, bytes.length >> 1)
    case 2:
      return Buffer.alloc(bytes.length, prng.pick([0, 0xff, 1]))
    case 3:
      return Buffer.concat([bytes, Buffer.alloc(bytes.length)])
    case 4:
      return Buffer.from(prng.pick(['..', '/', 'a/../b', '/etc/passwd', 'a\0', '.', 'a//b'])).subarray(0, bytes.length)
    case 5:
      return mutateBytes(bytes, prng)
    default:
      return overwritten(bytes, prng)
  }
}

function anyValue(prng: Prng): Value {
  return prng.pick<Value>([
    true,
    0,
    1,
    2 ** 32 - 1,
    '',
    'text',
    Buffer.alloc(0),
    Buffer.alloc(8, 0xff),
    [],
    ['a'],
    {},
    { a: 1 },
  ])
}
