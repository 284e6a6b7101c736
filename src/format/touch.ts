/** Touch records (spec §7.8). */
import { Limits, recordFields } from '../base/constants.ts'
import { FormatError } from '../base/errors.ts'
import { ID_BYTES } from '../model/entries.ts'
import { isTime, type Time } from '../model/time.ts'
import { isTouchOrder, type Touch } from '../model/touch.ts'
import { FieldReader, FieldWriter, uint64 } from './fields.ts'
import { encodeRecord, type Fields } from './msgpack.ts'

/** A time: an i64 of seconds, a u32 of nanoseconds. */
const TIME_BYTES = 12

export function encodeTouch({ fileCount, digest, pairs }: Touch): Uint8Array {
  const writer = new FieldWriter().put('fileCount', uint64(fileCount)).put('digest', digest).put('count', pairs.length)
  writer.put('before', encodeTimes(pairs.map(({ before }) => before)))
  return encodeRecord('touch', writer.put('after', encodeTimes(pairs.map(({ after }) => after))).fields)
}

/** The touch of a record. Throws FormatError. */
export function decodeTouch(fields: Fields, offset: number): Touch {
  const reader = new FieldReader('touch', fields, recordFields.touch, offset)
  const fileCount = reader.optionalUint64('fileCount', Limits.sizeMax)
  if (fileCount === 0) reader.fail('fileCount', 'missing')
  const digest = reader.bytes('digest', ID_BYTES, ID_BYTES)
  const count = reader.uint('count', 1, Limits.touchPairsMax)
  const before = decodeTimes(reader, 'before', count)
  const after = decodeTimes(reader, 'after', count)
  const pairs = before.map((time, k) => ({ before: time, after: after[k]! }))
  if (!isTouchOrder(pairs)) throw new FormatError('bad-touch', offset, 'pairs do not ascend, or a time occurs twice')
  return { fileCount, digest, pairs }
}

function encodeTimes(times: readonly Time[]): Uint8Array {
  const bytes = Buffer.alloc(TIME_BYTES * times.length)
  times.forEach(({ sec, nsec }, k) => {
    bytes.writeBigInt64LE(BigInt(sec), k * TIME_BYTES)
    bytes.writeUInt32LE(nsec, k * TIME_BYTES + 8)
  })
  return bytes
}

function decodeTimes(reader: FieldReader, name: string, count: number): Time[] {
  const bytes = reader.bytes(name, count * TIME_BYTES, count * TIME_BYTES)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from({ length: count }, (_, k) => {
    const sec = Number(view.getBigInt64(k * TIME_BYTES, true))
    const time = { sec, nsec: view.getUint32(k * TIME_BYTES + 8, true) }
    if (!isTime(time)) throw new FormatError('bad-value', reader.offset, `touch.${name}: no time`)
    return time
  })
}
