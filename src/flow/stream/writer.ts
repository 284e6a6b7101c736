/** Items to the bytes of a stream (spec §3). The end item finishes it; a writer that gets none leaves a truncated stream. */

import { assert } from '../../base/assert.ts'
import { FrameType, Limits } from '../../base/constants.ts'
import { recordBytesMax, writeContentRecord } from '../../format/content-records.ts'
import {
  encodeHead,
  encodeIndexElement,
  encodeIndexStart,
  encodeMagic,
  encodeSeekEntry,
  encodeSeekTableEnds,
  HINTS_DIGEST_BYTES,
  SKIPPABLE_BYTES,
} from '../../format/frame.ts'
import { encodeItem, frameTypeOf, type RecordItem, rangesOf } from '../../format/items.ts'
import { findLongColumns } from '../../format/long-columns.ts'
import { encodeEnd } from '../../format/notes.ts'
import { encodeRows } from '../../format/rows.ts'
import { countItem, createTotals } from '../../format/totals.ts'
import { createHasher, hashBytes } from '../../host/native/blake3.ts'
import { compress, compressBlocks, isIncompressible, store } from '../../host/native/zstd.ts'
import { type Batch, firstPath } from '../../model/batch.ts'
import { BytesColumnBuilder, EMPTY } from '../../model/bytes-column.ts'
import { ID_BYTES } from '../../model/entries.ts'
import type { End, Header, Item } from '../../model/item.ts'

/** Room for records to begin with. */
const GROUP_BYTES = 1 << 14

/** zstd level where the header names none. */
export const LEVEL_DEFAULT = 3

/** From this level on, what repeats far back is looked for; and that is found within a frame only. */
const LEVEL_LARGE_GROUPS = 10

/** Bytes of records that share a frame in a stream of this level. */
export function groupBytesAt(level: number): number {
  return level < LEVEL_LARGE_GROUPS ? Limits.contentGroupBytes : Limits.contentGroupLargeBytes
}

/** A shorter column is not worth the statistics that a block of its own needs. */
const OWN_BLOCK_BYTES_MIN = 256

/**
 * The bytes of the stream of `items`: header first, end last. Records of one kind that follow each other share a frame
 * up to a limit, so a frame is a function of header and items. A snapshot's tree id is computed on the way.
 */
export async function* encodeItems(items: AsyncIterable<Item>): AsyncIterable<Uint8Array> {
  let writer: StreamWriter | null = null
  for await (const item of items) {
    if (item.kind === 'header') writer = new StreamWriter(item.header)
    assert(writer !== null, 'the first item is the header')
    writer.put(item)
    for (const bytes of writer.takeBytes()) yield bytes
  }
}

/** Collects the records of one frame, writes frames, and remembers what index and end record need. */
class StreamWriter {
  readonly #header: Header
  readonly #hasher = createHasher()
  readonly #treeHasher = createHasher()
  readonly #totals = createTotals()
  #offset = 0
  #out: Uint8Array[] = []
  /** The records of the frame that is next, one behind the other. */
  #group = Buffer.alloc(GROUP_BYTES)
  #groupBytes = 0
  #groupType = 0
  #groupCount = 0
  #groupRanges = 0
  /** In one piece each: thousands of short buffers that live long would keep the memory between them from being given back. */
  readonly #index = new BytesColumnBuilder()
  readonly #seekEntries = new BytesColumnBuilder()

  constructor(header: Header) {
    this.#header = header
    this.#emit(encodeMagic(header.kind), 0)
  }

  /** Adds an item; what it completes is ready to be taken. */
  put(item: Item): void {
    countItem(this.#totals, item)
    if (item.kind === 'rows') {
      this.#flush()
      this.#putRows(item.batch)
      return
    }
    if (item.kind === 'end') {
      this.#flush()
      this.#finish(item.end)
      return
    }
    const type = frameTypeOf(item)
    const ranges = rangesOf(item)
    const isFull = this.#groupCount === Limits.recordsPerFrameMax || this.#groupRanges + ranges > Limits.recipeRangesMax
    if (type !== this.#groupType || isFull) this.#flush()
    this.#groupType = type
    this.#groupCount++
    this.#groupRanges += ranges
    this.#putRecord(item)
    if (this.#groupBytes >= groupBytesAt(this.#header.level) || item.kind === 'header') this.#flush()
  }

  /** What is ready, in order. */
  takeBytes(): Uint8Array[] {
    const out = this.#out
    this.#out = []
    return out
  }

  #putRecord(item: RecordItem): void {
    if (item.kind === 'content') {
      this.#reserve(recordBytesMax(item.piece))
      this.#groupBytes = writeContentRecord(this.#group, this.#groupBytes, item.piece)
      return
    }
    const record = encodeItem(item)
    this.#reserve(record.length)
    this.#group.set(record, this.#groupBytes)
    this.#groupBytes += record.length
  }

  #reserve(bytes: number): void {
    const needed = this.#groupBytes + bytes
    if (needed <= this.#group.length) return
    const group = Buffer.alloc(Math.max(needed, 2 * this.#group.length))
    group.set(this.#group.subarray(0, this.#groupBytes))
    this.#group = group
  }

  #flush(): void {
    if (this.#groupCount === 0) return
    const raw = this.#group.subarray(0, this.#groupBytes)
    this.#groupCount = 0
    this.#groupRanges = 0
    this.#groupBytes = 0
    this.#frame(this.#groupType, raw, [], 0, new Uint8Array(ID_BYTES), new Uint8Array(HINTS_DIGEST_BYTES), EMPTY)
  }

  #putRows(batch: Batch): void {
    const { rows, hints, owners } = encodeRows(batch)
    const digest = hashBytes(rows)
    const hintsDigest =
      hints === null ? new Uint8Array(HINTS_DIGEST_BYTES) : hashBytes(hints).subarray(0, HINTS_DIGEST_BYTES)
    this.#treeHasher.update(digest)
    const needed = Buffer.concat([rows, hints ?? EMPTY])
    // Names of owners are a convenience; no sane system has so many that they do not fit.
    const fits = owners !== null && needed.length + owners.length <= Limits.frameBytesMax
    const raw = fits ? Buffer.concat([needed, owners]) : needed
    const cuts: number[] = []
    findLongColumns(rows, OWN_BLOCK_BYTES_MIN, 0, cuts)
    if (hints !== null) findLongColumns(hints, OWN_BLOCK_BYTES_MIN, rows.length, cuts)
    this.#frame(FrameType.rows, raw, cuts, batch.rowCount, digest, hintsDigest, firstPath(batch))
  }

  #frame(
    type: number,
    raw: Uint8Array,
    cuts: readonly number[],
    rowCount: number,
    digest: Uint8Array,
    hintsDigest: Uint8Array,
    path: Uint8Array,
  ): void {
    assert(raw.length <= Limits.frameBytesMax, `a frame of ${raw.length} bytes`)
    const data = this.#compress(type, raw, cuts)
    const head = {
      type,
      compressedBytes: data.length,
      rawBytes: raw.length,
      rowCount,
      digest,
      hintsDigest,
      firstPath: path,
    }
    const headFrame = encodeHead(head)
    this.#index.push(encodeIndexElement(this.#offset, headFrame))
    this.#emit(headFrame, 0)
    this.#emit(data, raw.length)
  }

  #compress(type: number, raw: Uint8Array, cuts: readonly number[]): Uint8Array {
    const level = this.#header.level === 0 ? LEVEL_DEFAULT : this.#header.level
    if (cuts.length > 0) return compressBlocks(raw, level, cuts)
    return type === FrameType.content && isIncompressible(raw) ? store(raw) : compress(raw, level)
  }

  #finish(end: End): void {
    const to = this.#header.kind === 'snapshot' ? this.#treeHasher.finish() : end.to
    const record = encodeEnd({ ...end, ...this.#totals, to }, this.#hasher.finish())
    this.#frame(FrameType.end, record, [], 0, new Uint8Array(ID_BYTES), new Uint8Array(HINTS_DIGEST_BYTES), EMPTY)
    const start = encodeIndexStart(this.#index.count, SKIPPABLE_BYTES + this.#index.byteLength)
    const index = Buffer.concat([start, this.#index.take().heap])
    this.#emit(index, 0)
    const ends = encodeSeekTableEnds(this.#seekEntries.count)
    this.#out.push(Buffer.concat([ends.start, this.#seekEntries.take().heap, ends.footer]))
  }

  #emit(bytes: Uint8Array, rawBytes: number): void {
    this.#hasher.update(bytes)
    this.#seekEntries.push(encodeSeekEntry(bytes.length, rawBytes))
    this.#offset += bytes.length
    this.#out.push(bytes)
  }
}
