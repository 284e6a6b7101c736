/**
 * The bytes of a stream to items (spec §3, §7). Every rule is checked, in whatever pieces the bytes come; the end item is
 * given out only after the last byte was read and everything agreed.
 */

import { assert } from '../../base/assert.ts'
import { FrameType } from '../../base/constants.ts'
import { FormatError } from '../../base/errors.ts'
import {
  decodeHead,
  decodeMagic,
  encodeHead,
  type Head,
  headContentBytes,
  MAGIC_FRAME_BYTES,
  SKIPPABLE_BYTES,
} from '../../format/frame.ts'
import { checkZstdFrame } from '../../format/zstd-frame.ts'
import { createHasher } from '../../host/native/blake3.ts'
import { loadZstd } from '../../host/native/zstd.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import type { End, Header, Item } from '../../model/item.ts'
import { compareBytes } from '../../model/path.ts'
import { ByteQueue } from './byte-queue.ts'
import { FrameDecoder } from './frame-decoder.ts'
import { TrailerChecker, takeBytes } from './trailer.ts'

/** A stream frame by frame: peek at a head, then `read` its frame or `skip` it. */
export type FrameReader = {
  readonly header: Header
  /** The head of the next frame, or null where the stream has ended as it should. */
  peekHead(): Promise<Head | null>
  /** The items of the frame whose head was peeked at. */
  read(): Promise<Item[]>
  /** Passes over the frame whose head was peeked at, without decompressing it. */
  skip(): Promise<void>
  /** The end item, once `peekHead` has answered null. */
  readonly end: End
  /** Lets go of the source. */
  close(): Promise<void>
}

/** All items of a stream, header first, end last. Throws FormatError at the first rule that is broken. */
export function readItems(source: AsyncIterable<Uint8Array>): AsyncIterable<Item> {
  const reader = new StreamReader(new ByteQueue(source), null)
  return itemsOf(reader, () => reader.open())
}

/** All items of a reader that was opened. */
export function itemsOfFrames(reader: FrameReader): AsyncIterable<Item> {
  return itemsOf(reader, async () => {})
}

/**
 * The same for whoever is done with an item before asking for the next one: until then the bytes of its content are good. They
 * lie in one place for all contents, for memory that is touched for the first time costs more than what is done with it here.
 */
export function lendItems(source: AsyncIterable<Uint8Array>): AsyncIterable<Item> {
  const reader = new StreamReader(new ByteQueue(source), EMPTY)
  return itemsOf(reader, () => reader.open())
}

async function* itemsOf(reader: FrameReader, open: () => Promise<void>): AsyncIterable<Item> {
  try {
    await open()
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

/** Reads bytes as they come, and checks all of them. */
export class StreamReader implements FrameReader {
  readonly #queue: ByteQueue
  readonly #room: Uint8Array | null
  #offset = 0
  /** Hashes what the end record's hash covers. */
  readonly #hasher = createHasher()
  readonly #trailer = new TrailerChecker()
  #decoder: FrameDecoder | null = null
  #header: Header | null = null
  #end: End | null = null
  #next: { head: Head; headFrame: Uint8Array; offset: number } | null = null

  /** @param room where contents are decompressed; null: each frame has its own */
  constructor(queue: ByteQueue, room: Uint8Array | null) {
    // Who writes the stream may have only just started, too.
    loadZstd()
    this.#queue = queue
    this.#room = room
  }

  get header(): Header {
    assert(this.#header !== null, 'open first')
    return this.#header
  }

  get end(): End {
    assert(this.#end !== null, 'read to the end first')
    return this.#end
  }

  async open(): Promise<void> {
    const magic = await this.#queue.take(MAGIC_FRAME_BYTES)
    this.#decoder = new FrameDecoder(decodeMagic(magic), this.#room)
    this.#account(magic, 0)
    const head = await this.#takeHead()
    if (head.type !== FrameType.header)
      throw new FormatError('misplaced-frame', this.#next!.offset, 'the first frame is not the header')
    const [item] = await this.read()
    assert(item?.kind === 'header')
    this.#header = item.header
  }

  async peekHead(): Promise<Head | null> {
    if (this.#end !== null) return null
    if (this.#next !== null) return this.#next.head
    const head = await this.#takeHead()
    if (head.type === FrameType.header) throw new FormatError('misplaced-frame', this.#next!.offset, 'a second header')
    if (head.type !== FrameType.end) return head
    await this.#finish()
    return null
  }

  async read(): Promise<Item[]> {
    const { head, data, offset } = await this.#takeFrame()
    return this.#decoder!.decode(head, data, offset)
  }

  /** Only the size and the place of the frame are checked. */
  async skip(): Promise<void> {
    const { head, data, offset } = await this.#takeFrame()
    checkZstdFrame(data, head, offset)
    this.#decoder!.pass(head, offset)
  }

  close(): Promise<void> {
    return this.#queue.close()
  }

  async #takeHead(): Promise<Head> {
    const offset = this.#offset
    const contentBytes = headContentBytes(await takeBytes(this.#queue, SKIPPABLE_BYTES, offset), offset)
    const head = decodeHead(await takeBytes(this.#queue, contentBytes, offset), offset)
    this.#next = { head, headFrame: encodeHead(head), offset }
    return head
  }

  /** The data frame behind the head that was peeked at. */
  async #takeFrame(): Promise<{ head: Head; data: Uint8Array; offset: number }> {
    const next = this.#next
    assert(next !== null, 'peek first')
    this.#next = null
    const { head, headFrame, offset } = next
    const data = await takeBytes(this.#queue, head.compressedBytes, offset)
    this.#trailer.addHead(headFrame, offset)
    this.#account(headFrame, 0)
    this.#account(data, head.rawBytes)
    return { head, data, offset }
  }

  #account(bytes: Uint8Array, rawBytes: number): void {
    this.#hasher.update(bytes)
    this.#trailer.addFrame(bytes.length, rawBytes)
    this.#offset += bytes.length
  }

  async #finish(): Promise<void> {
    const hash = this.#hasher.finish()
    const { head, data, offset } = await this.#takeFrame()
    const { end, hash: recorded } = this.#decoder!.finish(head, data, offset)
    if (compareBytes(hash, recorded) !== 0) throw new FormatError('end-mismatch', offset, 'hash of the stream')
    await this.#trailer.check(this.#queue, this.#offset)
    this.#end = end
  }
}
