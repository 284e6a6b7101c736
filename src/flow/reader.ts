/**
 * The bytes of a stream to items (spec §3, §7). Every rule is checked, in whatever pieces the bytes come; the end item is
 * given out only after the last byte was read and everything agreed.
 */

import { assert } from '../base/assert.ts'
import { FrameType } from '../base/constants.ts'
import { FormatError } from '../base/errors.ts'
import {
  decodeHead,
  decodeMagic,
  encodeHead,
  type Head,
  HINTS_DIGEST_BYTES,
  headContentBytes,
  MAGIC_FRAME_BYTES,
  SKIPPABLE_BYTES,
} from '../format/frame.ts'
import { contentItems, decodeItems } from '../format/items.ts'
import { decodeRecords, type Rec } from '../format/msgpack.ts'
import { decodeEnd } from '../format/notes.ts'
import { SequenceChecker } from '../format/sequence.ts'
import { checkTotals, countItem, createTotals } from '../format/totals.ts'
import { checkZstdFrame } from '../format/zstd-frame.ts'
import { createHasher, hashBytes, isHashOf } from '../host/blake3.ts'
import { decompressInto } from '../host/zstd.ts'
import { firstPath } from '../model/batch.ts'
import { EMPTY } from '../model/bytes-column.ts'
import type { End, Header, Item, StreamKind } from '../model/item.ts'
import { compareBytes } from '../model/path.ts'
import { ByteQueue } from './byte-queue.ts'
import { TrailerChecker, takeBytes } from './trailer.ts'

/** All items of a stream, header first, end last. Throws FormatError at the first rule that is broken. */
export function readItems(source: AsyncIterable<Uint8Array>): AsyncIterable<Item> {
  return itemsOf(new StreamReader(new ByteQueue(source), null))
}

/**
 * The same for whoever is done with an item before asking for the next one: until then the bytes of its content are good. They
 * lie in one place for all contents, for memory that is touched for the first time costs more than what is done with it here.
 */
export function lendItems(source: AsyncIterable<Uint8Array>): AsyncIterable<Item> {
  return itemsOf(new StreamReader(new ByteQueue(source), EMPTY))
}

async function* itemsOf(reader: StreamReader): AsyncIterable<Item> {
  try {
    await reader.open()
    yield { kind: 'header', header: reader.header }
    while ((await reader.peekHead()) !== null) {
      // Not yield*: an array would be handed on through a promise more for each item.
      for (const item of await reader.read()) yield item
    }
    yield { kind: 'end', end: reader.end }
  } finally {
    await reader.close()
  }
}

/** Opens a stream and reads its header. */
export async function openReader(source: AsyncIterable<Uint8Array>): Promise<StreamReader> {
  const reader = new StreamReader(new ByteQueue(source), null)
  try {
    await reader.open()
  } catch (error) {
    await reader.close()
    throw error
  }
  return reader
}

/** Reads frame by frame: peek at a head, then `read` its frame or `skip` it. */
export class StreamReader {
  readonly #queue: ByteQueue
  #room: Uint8Array | null
  #offset = 0
  /** Hashes what the end record's hash covers, and the digests that the tree id covers. */
  readonly #hasher = createHasher()
  readonly #treeHasher = createHasher()
  readonly #contentHasher = createHasher()
  readonly #sequence = new SequenceChecker()
  readonly #trailer = new TrailerChecker()
  readonly #totals = createTotals()
  #hasSkipped = false
  #kind: StreamKind = 'snapshot'
  #header: Header | null = null
  #end: End | null = null
  #next: { head: Head; headFrame: Uint8Array; offset: number } | null = null

  /** @param room where contents are decompressed; null: each frame has its own */
  constructor(queue: ByteQueue, room: Uint8Array | null) {
    this.#queue = queue
    this.#room = room
  }

  get header(): Header {
    assert(this.#header !== null, 'open first')
    return this.#header
  }

  /** The end item, once `peekHead` has answered null. */
  get end(): End {
    assert(this.#end !== null, 'read to the end first')
    return this.#end
  }

  async open(): Promise<void> {
    const magic = await this.#queue.take(MAGIC_FRAME_BYTES)
    this.#kind = decodeMagic(magic)
    this.#account(magic, 0)
    const head = await this.#takeHead()
    if (head.type !== FrameType.header)
      throw new FormatError('misplaced-frame', this.#next!.offset, 'the first frame is not the header')
    const [item] = await this.read()
    assert(item?.kind === 'header')
    this.#header = item.header
  }

  /** The head of the next frame, or null where the stream has ended as it should. */
  async peekHead(): Promise<Head | null> {
    if (this.#end !== null) return null
    if (this.#next !== null) return this.#next.head
    const head = await this.#takeHead()
    if (head.type === FrameType.header) throw new FormatError('misplaced-frame', this.#next!.offset, 'a second header')
    if (head.type !== FrameType.end) return head
    await this.#finish()
    return null
  }

  /** The items of the frame whose head was peeked at. */
  async read(): Promise<Item[]> {
    const { head, headFrame, offset } = this.#take()
    const raw = await this.#takeRaw(head, headFrame, offset)
    const items = this.#decode(head, raw, offset)
    for (const item of items) {
      this.#sequence.check(item, offset)
      countItem(this.#totals, item)
      if (item.kind === 'content' && this.#sequence.seesContents) this.#verify(item, offset)
    }
    return items
  }

  #decode(head: Head, raw: Uint8Array, offset: number): Item[] {
    const contents = head.type === FrameType.content ? contentItems(raw) : null
    if (contents !== null) return contents
    const records = decodeRecords(raw, offset)
    const items = decodeItems(head.type, records, this.#kind, offset)
    if (head.type === FrameType.rows) checkRowsHead(items[0]!, head, records, offset)
    return items
  }

  /**
   * Passes over the frame whose head was peeked at, without decompressing it. Only its size and place are checked, and
   * the contents up to the next rows frame no longer can be. The totals of what is not rows are then taken as they are.
   */
  async skip(): Promise<void> {
    const { head, headFrame, offset } = this.#take()
    const data = await this.#takeData(head, offset)
    this.#accountFrame(head, headFrame, data, offset)
    if (head.type === FrameType.rows) {
      this.#sequence.checkSkippedRows(head.firstPath, offset)
      this.#totals.rowCount += head.rowCount
      return
    }
    this.#hasSkipped = true
    this.#sequence.skipContents()
    this.#contentHasher.finish()
  }

  /** Lets go of the source. */
  close(): Promise<void> {
    return this.#queue.close()
  }

  #take(): { head: Head; headFrame: Uint8Array; offset: number } {
    const next = this.#next
    assert(next !== null, 'peek first')
    this.#next = null
    return next
  }

  async #takeHead(): Promise<Head> {
    const offset = this.#offset
    const contentBytes = headContentBytes(await takeBytes(this.#queue, SKIPPABLE_BYTES, offset), offset)
    const head = decodeHead(await takeBytes(this.#queue, contentBytes, offset), offset)
    this.#next = { head, headFrame: encodeHead(head), offset }
    return head
  }

  async #takeData(head: Head, offset: number): Promise<Uint8Array> {
    const data = await takeBytes(this.#queue, head.compressedBytes, offset)
    checkZstdFrame(data, head, offset)
    return data
  }

  async #takeRaw(head: Head, headFrame: Uint8Array, offset: number): Promise<Uint8Array> {
    const data = await this.#takeData(head, offset)
    const raw = this.#roomFor(head)
    if (!decompressInto(raw, data)) throw new FormatError('bad-zstd', offset, 'the frame does not decompress')
    this.#accountFrame(head, headFrame, data, offset)
    return raw
  }

  #roomFor({ type, rawBytes }: Head): Uint8Array {
    if (this.#room === null || type !== FrameType.content) return new Uint8Array(rawBytes)
    if (this.#room.length < rawBytes) this.#room = new Uint8Array(rawBytes)
    return this.#room.subarray(0, rawBytes)
  }

  #accountFrame(head: Head, headFrame: Uint8Array, data: Uint8Array, offset: number): void {
    this.#trailer.addHead(headFrame, offset)
    if (head.type === FrameType.rows) this.#treeHasher.update(head.digest)
    this.#account(headFrame, 0)
    this.#account(data, head.rawBytes)
  }

  #account(bytes: Uint8Array, rawBytes: number): void {
    this.#hasher.update(bytes)
    this.#trailer.addFrame(bytes.length, rawBytes)
    this.#offset += bytes.length
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

  async #finish(): Promise<void> {
    const hash = this.#hasher.finish()
    const { head, headFrame, offset } = this.#take()
    this.#sequence.checkClosed(offset)
    const records = decodeRecords(await this.#takeRaw(head, headFrame, offset), offset)
    const record = records[0]
    if (records.length !== 1 || record?.name !== 'end')
      throw new FormatError('unknown-record', offset, 'an end frame holds one end record')
    const { end, hash: recorded } = decodeEnd(record.fields, offset)
    const totals = this.#hasSkipped ? { ...end, rowCount: this.#totals.rowCount } : this.#totals
    checkTotals(totals, end, offset)
    if (this.#kind === 'snapshot' && compareBytes(this.#treeHasher.finish(), end.to) !== 0)
      throw new FormatError('end-mismatch', offset, 'tree id')
    if (compareBytes(hash, recorded) !== 0) throw new FormatError('end-mismatch', offset, 'hash of the stream')
    await this.#trailer.check(this.#queue, this.#offset)
    this.#end = end
  }
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
