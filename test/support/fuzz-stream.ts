/**
 * Streams that are wrong: mutations of valid ones, in bytes, heads, frames, records and values. What lies around a
 * mutation is put right again (sizes, digests, totals, hashes, index), so that a reader gets to the place it is at.
 * The same seed makes the same mutant.
 */
import { FrameType } from '../../src/base/constants.ts'
import { type Head, HINTS_DIGEST_BYTES, MAGIC_FRAME_BYTES } from '../../src/format/frame.ts'
import { decodeItems } from '../../src/format/items.ts'
import { decodeRecords, encodeRecord, type Fields, type Rec } from '../../src/format/msgpack.ts'
import { countItem, createTotals } from '../../src/format/totals.ts'
import { hashBytes } from '../../src/host/native/blake3.ts'
import { compress } from '../../src/host/native/zstd.ts'
import { firstPath } from '../../src/model/batch.ts'
import { ID_BYTES } from '../../src/model/entries.ts'
import type { StreamKind } from '../../src/model/item.ts'
import { type Frame, framesOf, joinFrames } from './frames.ts'
import { mutateBytes, mutateRecords } from './mutate-records.ts'
import type { Prng } from './prng.ts'

export type Mutant = { bytes: Buffer; what: string }

/** One mutant of a valid stream. */
export function mutateStream(stream: Buffer, prng: Prng): Mutant {
  switch (prng.below(8)) {
    case 0:
      return { bytes: mutateBytes(stream, prng), what: 'bytes' }
    case 1:
      return { bytes: mutateHead(stream, prng), what: 'head' }
    case 2:
      return { bytes: mutateFrames(stream, prng), what: 'frames' }
    case 3:
      return { bytes: mutateRaw(stream, prng, mutateBytes), what: 'bytes of records' }
    default:
      return { bytes: mutateRaw(stream, prng, mutateRecords), what: 'records' }
  }
}

const EDGES = [0, 1, 2, 67, 68, 255, 4096, 4097, 65536, 2 ** 24, 2 ** 24 + 1, 2 ** 31, 2 ** 32 - 1]

/** Changes one field of one head; the index repeats it. */
function mutateHead(stream: Buffer, prng: Prng): Buffer {
  const frames = framesOf(stream)
  const { head } = prng.pick(frames)
  switch (prng.below(7)) {
    case 0:
      head.type = prng.below(256)
      break
    case 1:
      head.compressedBytes = prng.pick(EDGES)
      break
    case 2:
      head.rawBytes = prng.pick(EDGES)
      break
    case 3:
      head.rowCount = prng.pick(EDGES)
      break
    case 4:
      head.digest = prng.bytes(ID_BYTES)
      break
    case 5:
      head.hintsDigest = prng.bytes(HINTS_DIGEST_BYTES)
      break
    default:
      head.firstPath = mutateBytes(Buffer.from(head.firstPath), prng)
  }
  return joinFrames(stream.subarray(0, MAGIC_FRAME_BYTES), sealEnd(stream, frames))
}

/** Drops, doubles, moves or swaps frames, or makes one of another type or stream kind. */
function mutateFrames(stream: Buffer, prng: Prng): Buffer {
  const magic = Buffer.from(stream.subarray(0, MAGIC_FRAME_BYTES))
  const frames = framesOf(stream)
  const i = prng.below(frames.length)
  const j = prng.below(frames.length)
  switch (prng.below(5)) {
    case 0:
      frames.splice(i, 1)
      break
    case 1:
      frames.splice(j, 0, frames[i]!)
      break
    case 2:
      ;[frames[i], frames[j]] = [frames[j]!, frames[i]!]
      break
    case 3:
      magic[13] = 1 + prng.below(4)
      break
    default:
      frames[i] = { ...frames[i]!, head: { ...frames[i]!.head, type: 1 + prng.below(10) } }
  }
  return joinFrames(magic, sealEnd(magic, frames))
}

/** Changes what a frame decompresses to; its head and the end record are made to fit. */
function mutateRaw(stream: Buffer, prng: Prng, change: (raw: Buffer, prng: Prng) => Buffer): Buffer {
  const frames = framesOf(stream)
  const i = prng.below(frames.length)
  const raw = change(frames[i]!.raw, prng)
  if (raw.length > 0) frames[i] = sealFrame(frames[i]!, raw, kindOf(stream))
  const isEnd = frames[i]!.head.type === FrameType.end
  return joinFrames(stream.subarray(0, MAGIC_FRAME_BYTES), isEnd ? frames : sealEnd(stream, frames))
}

function kindOf(stream: Buffer): StreamKind {
  return (['snapshot', 'changeset', 'plan', 'receipt'] as const)[(stream[13]! - 1) & 3]!
}

/** A frame of other bytes, with sizes, digests, row count and first path as far as these bytes have them. */
function sealFrame(frame: Frame, raw: Buffer, kind: StreamKind): Frame {
  const data = Buffer.from(compress(raw, 1))
  const head: Head = { ...frame.head, compressedBytes: data.length, rawBytes: raw.length }
  const records = attempt(() => decodeRecords(raw, 0)) ?? []
  if (head.type === FrameType.rows) sealRows(head, records, kind)
  return { ...frame, head, data, raw }
}

function sealRows(head: Head, records: Rec[], kind: StreamKind): void {
  const [rows, hints] = records
  if (rows !== undefined) head.digest = hashBytes(rows.bytes)
  head.hintsDigest =
    hints?.name === 'hints'
      ? hashBytes(hints.bytes).subarray(0, HINTS_DIGEST_BYTES)
      : new Uint8Array(HINTS_DIGEST_BYTES)
  const [item] = attempt(() => decodeItems(FrameType.rows, records, kind, 0)) ?? []
  if (item?.kind !== 'rows') return
  head.rowCount = item.batch.rowCount
  head.firstPath = firstPath(item.batch)
}

/** The frames with an end record, where they end with one, that sums up what is before it. */
function sealEnd(magic: Buffer, frames: Frame[]): Frame[] {
  const end = frames.at(-1)
  const [record] = end === undefined ? [] : (attempt(() => decodeRecords(end.raw, 0)) ?? [])
  if (end === undefined || record?.name !== 'end') return frames
  const before = frames.slice(0, -1)
  const fields = { ...record.fields, ...totalsOf(before, kindOf(magic)) }
  if (magic[13] === 1) fields['to'] = hashBytes(Buffer.concat(before.filter(isRows).map(({ head }) => head.digest)))
  const start = joinFrames(magic.subarray(0, MAGIC_FRAME_BYTES), before)
  const length = before.reduce(
    (sum, { head, data }) => sum + 76 + head.firstPath.length + data.length,
    MAGIC_FRAME_BYTES,
  )
  fields['hash'] = hashBytes(start.subarray(0, length))
  const raw = Buffer.from(encodeRecord('end', inOrder(fields)))
  return [...before, sealFrame(end, raw, kindOf(magic))]
}

const isRows = ({ head }: Frame): boolean => head.type === FrameType.rows

function totalsOf(frames: Frame[], kind: StreamKind): Fields {
  const totals = createTotals()
  for (const { head, raw } of frames) {
    for (const item of attempt(() => decodeItems(head.type, decodeRecords(raw, 0), kind, 0)) ?? [])
      countItem(totals, item)
  }
  const fields: Fields = {}
  for (const [name, value] of Object.entries(totals)) {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(BigInt(value))
    fields[name] = bytes
  }
  return fields
}

/** Fields of an end record in their order; those that are zero are left out. */
function inOrder(fields: Fields): Fields {
  const names = ['rowCount', 'contentCount', 'contentBytes', 'problemCount', 'judgedByTime', 'from', 'to', 'hash']
  const isThere = (value: unknown): boolean => value instanceof Uint8Array && value.some((byte) => byte !== 0)
  return Object.fromEntries(names.filter((name) => isThere(fields[name])).map((name) => [name, fields[name]!]))
}

function attempt<T>(act: () => T): T | null {
  try {
    return act()
  } catch {
    return null
  }
}
