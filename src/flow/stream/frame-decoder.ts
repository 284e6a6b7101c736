/** Data frames to items, with all that must hold from frame to frame (spec §3.3, §3.4, §6, §7), wherever the bytes come from. */
import { assert } from '../../base/assert.ts'
import { FrameType } from '../../base/constants.ts'
import { FormatError } from '../../base/errors.ts'
import { type Head, HINTS_DIGEST_BYTES } from '../../format/frame.ts'
import { contentItems, decodeItems } from '../../format/items.ts'
import { decodeRecords, type Rec } from '../../format/msgpack.ts'
import { decodeEnd } from '../../format/notes.ts'
import { SequenceChecker } from '../../format/sequence.ts'
import { checkTotals, countItem, createTotals } from '../../format/totals.ts'
import { checkZstdFrame } from '../../format/zstd-frame.ts'
import { createHasher, hashBytes, isHashOf } from '../../host/native/blake3.ts'
import { decompressInto } from '../../host/native/zstd.ts'
import { firstPath } from '../../model/batch.ts'
import type { End, Item, StreamKind } from '../../model/item.ts'
import { compareBytes } from '../../model/path.ts'

/** Is given the frames of one stream in order, each to `decode` or to `pass`, the last to `finish`. Throws FormatError. */
export class FrameDecoder {
  readonly #kind: StreamKind
  /** Hashes the digests that the tree id covers. */
  readonly #treeHasher = createHasher()
  readonly #contentHasher = createHasher()
  readonly #sequence = new SequenceChecker()
  readonly #totals = createTotals()
  #room: Uint8Array | null
  #hasPassed = false

  /** @param room where contents are decompressed; null: each frame has its own */
  constructor(kind: StreamKind, room: Uint8Array | null) {
    this.#kind = kind
    this.#room = room
  }

  /** The items of a frame. */
  decode(head: Head, data: Uint8Array, offset: number): Item[] {
    checkZstdFrame(data, head, offset)
    const raw = decompressed(this.#roomFor(head), data, offset)
    if (head.type === FrameType.rows) this.#treeHasher.update(head.digest)
    const items = this.#itemsOf(head, raw, offset)
    for (const item of items) {
      this.#sequence.check(item, offset)
      countItem(this.#totals, item)
      if (item.kind === 'content' && this.#sequence.seesContents) this.#verify(item, offset)
    }
    return items
  }

  #itemsOf(head: Head, raw: Uint8Array, offset: number): Item[] {
    const contents = head.type === FrameType.content ? contentItems(raw) : null
    if (contents !== null) return contents
    const records = decodeRecords(raw, offset)
    const items = decodeItems(head.type, records, this.#kind, offset)
    if (head.type === FrameType.rows) checkRowsHead(items[0]!, head, records, offset)
    return items
  }

  #roomFor({ type, rawBytes }: Head): Uint8Array {
    if (this.#room === null || type !== FrameType.content) return new Uint8Array(rawBytes)
    if (this.#room.length < rawBytes) this.#room = new Uint8Array(rawBytes)
    return this.#room.subarray(0, rawBytes)
  }

  /** Passes over a frame: the contents up to the next rows frame no longer can be checked, nor the totals of what is not rows. */
  pass(head: Head, offset: number): void {
    if (head.type === FrameType.rows) {
      this.#treeHasher.update(head.digest)
      this.#sequence.checkSkippedRows(head.firstPath, offset)
      this.#totals.rowCount += head.rowCount
      return
    }
    this.#hasPassed = true
    this.#sequence.skipContents()
    this.#contentHasher.finish()
  }

  /** The end record of its frame, and the hash that it gives the stream, which is the caller's to compare. */
  finish(head: Head, data: Uint8Array, offset: number): { end: End; hash: Uint8Array } {
    this.#sequence.checkClosed(offset)
    const records = recordsOf(head, data, offset)
    const record = records[0]
    if (records.length !== 1 || record?.name !== 'end')
      throw new FormatError('unknown-record', offset, 'an end frame holds one end record')
    const { end, hash } = decodeEnd(record.fields, offset)
    const totals = this.#hasPassed ? { ...end, rowCount: this.#totals.rowCount } : this.#totals
    checkTotals(totals, end, offset)
    if (this.#kind === 'snapshot' && compareBytes(this.#treeHasher.finish(), end.to) !== 0)
      throw new FormatError('end-mismatch', offset, 'tree id')
    return { end, hash }
  }

  #verify(item: Extract<Item, { kind: 'content' }>, offset: number): void {
    const { id, size, offset: start, bytes } = item.piece
    const isWhole = bytes.length === size
    if (!isWhole) this.#contentHasher.update(bytes)
    if (start + bytes.length === size) {
      const isRight = isWhole ? isHashOf(id, bytes) : compareBytes(this.#contentHasher.finish(), id) === 0
      if (!isRight) throw new FormatError('content-mismatch', offset, 'BLAKE3 differs')
    }
    item.isVerified = true
  }
}

/** The records of a data frame, which is what its head announced. */
export function recordsOf(head: Head, data: Uint8Array, offset: number): Rec[] {
  checkZstdFrame(data, head, offset)
  return decodeRecords(decompressed(new Uint8Array(head.rawBytes), data, offset), offset)
}

/** Fills `room`, which is made for it only once the frame has said its size itself. */
function decompressed(room: Uint8Array, data: Uint8Array, offset: number): Uint8Array {
  if (decompressInto(room, data)) return room
  throw new FormatError('bad-zstd', offset, 'the frame does not decompress')
}

function checkRowsHead(item: Item, head: Head, records: Rec[], offset: number): void {
  assert(item.kind === 'rows')
  if (item.batch.rowCount !== head.rowCount) throw new FormatError('head-mismatch', offset, 'row count')
  if (compareBytes(firstPath(item.batch), head.firstPath) !== 0)
    throw new FormatError('head-mismatch', offset, 'first path')
  if (compareBytes(hashBytes(records[0]!.bytes), head.digest) !== 0)
    throw new FormatError('digest-mismatch', offset, 'rows')
  if (compareBytes(hintsDigestOf(records[1]), head.hintsDigest) !== 0)
    throw new FormatError('digest-mismatch', offset, 'hints')
}

function hintsDigestOf(record: Rec | undefined): Uint8Array {
  if (record?.name !== 'hints') return new Uint8Array(HINTS_DIGEST_BYTES)
  return hashBytes(record.bytes).subarray(0, HINTS_DIGEST_BYTES)
}
