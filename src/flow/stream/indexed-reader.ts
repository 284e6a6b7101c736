/**
 * A stream in a file, read by its index (spec §3.5): what is passed over is not even looked at head by head. The file is hashed once
 * before, so nothing that is damaged is read; one that is, or has no index that fits, is left to the reader that finds out what is wrong.
 */
import { assert } from '../../base/assert.ts'
import { FrameType, Limits } from '../../base/constants.ts'
import { FormatError } from '../../base/errors.ts'
import {
  decodeElementStart,
  decodeHead,
  decodeMagic,
  decodeSeekEnd,
  ELEMENT_START_BYTES,
  encodeHead,
  encodeIndexStart,
  HEAD_FIXED_BYTES,
  type Head,
  INDEX_START_BYTES,
  MAGIC_FRAME_BYTES,
  SEEK_END_BYTES,
  SKIPPABLE_BYTES,
} from '../../format/frame.ts'
import { decodeEnd } from '../../format/notes.ts'
import { createHasher } from '../../host/native/blake3.ts'
import type { RandomFile } from '../../host/stream/random-file.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import type { End, Header, Item } from '../../model/item.ts'
import { compareBytes } from '../../model/path.ts'
import { FrameDecoder, recordsOf } from './frame-decoder.ts'
import type { FrameReader } from './reader.ts'

/** Bytes that are read to be hashed, and stay in the processor's cache between the two. */
const HASH_STEP_BYTES = 1 << 18
/** Bytes of the index that are held at a time, and more where one element is longer. */
const STEP_BYTES = 1 << 16

/** Opens an intact stream and owns its file from then on. Null where it is not one: then the file stays the caller's. */
export function openIndexed(file: RandomFile): FrameReader | null {
  try {
    const index = findIndex(file)
    return index !== null && isIntact(file, index) ? new IndexedReader(file, index) : null
  } catch (error) {
    if (error instanceof FormatError) return null
    throw error
  }
}

/** Where the index stands, and where its elements end. */
type Index = { offset: number; end: number }

/** The index that the seek table at the end of the file leads to. Its entries: magic frame, two for an element, the index. */
function findIndex(file: RandomFile): Index | null {
  const seek = decodeSeekEnd(readRange(file, file.sizeBytes - SEEK_END_BYTES, SEEK_END_BYTES))
  if (seek === null) return null
  const frameCount = (seek.entryCount - 2) / 2
  const end = file.sizeBytes - seek.tableBytes
  const offset = end - seek.lastFrameBytes
  if (!Number.isInteger(frameCount) || seek.lastFrameBytes < INDEX_START_BYTES || offset < MAGIC_FRAME_BYTES)
    return null
  const start = encodeIndexStart(frameCount, seek.lastFrameBytes - SKIPPABLE_BYTES)
  return compareBytes(readRange(file, offset, start.length), start) === 0 ? { offset, end } : null
}

class IndexedReader implements FrameReader {
  readonly header: Header
  readonly #file: RandomFile
  readonly #index: Index
  readonly #decoder: FrameDecoder
  /** The part of the index that is held, used up to `#at`, and where in the file it goes on. */
  #held: Uint8Array = EMPTY
  #at = 0
  #heldEnd: number
  /** Where the next head stands in the stream. */
  #offset = MAGIC_FRAME_BYTES
  #next: { head: Head; offset: number } | null = null
  #end: End | null = null

  constructor(file: RandomFile, index: Index) {
    this.#file = file
    this.#index = index
    this.#heldEnd = index.offset + INDEX_START_BYTES
    this.#decoder = new FrameDecoder(decodeMagic(readRange(file, 0, MAGIC_FRAME_BYTES)), null)
    if (this.#takeHead().type !== FrameType.header) throw mismatch(index)
    const [item] = this.#decode()
    assert(item?.kind === 'header')
    this.header = item.header
  }

  get end(): End {
    assert(this.#end !== null, 'read to the end first')
    return this.#end
  }

  async peekHead(): Promise<Head | null> {
    if (this.#end !== null) return null
    if (this.#next !== null) return this.#next.head
    const head = this.#takeHead()
    if (head.type === FrameType.header) throw new FormatError('misplaced-frame', this.#next!.offset, 'a second header')
    if (head.type !== FrameType.end) return head
    const { data, offset } = this.#takeFrame()
    const { end } = this.#decoder.finish(head, data, offset)
    if (this.#heldEnd - this.#held.length + this.#at !== this.#index.end) throw mismatch(this.#index)
    this.#end = end
    return null
  }

  async read(): Promise<Item[]> {
    return this.#decode()
  }

  /** Only the place of the frame's head is checked, and that it has its place in the order. */
  async skip(): Promise<void> {
    const { head, offset } = this.#take()
    this.#decoder.pass(head, offset)
  }

  async close(): Promise<void> {
    this.#file.close()
  }

  #decode(): Item[] {
    const { head, data, offset } = this.#takeFrame()
    return this.#decoder.decode(head, data, offset)
  }

  #take(): { head: Head; offset: number } {
    assert(this.#next !== null, 'peek first')
    const next = this.#next
    this.#next = null
    return next
  }

  #takeFrame(): { head: Head; data: Uint8Array; offset: number } {
    const { head, offset } = this.#take()
    return { head, data: readFrame(this.#file, this.#index, head, offset), offset }
  }

  /** The head of the next element, whose frame follows the one before. */
  #takeHead(): Head {
    const { headOffset, contentBytes } = decodeElementStart(this.#hold(ELEMENT_START_BYTES + HEAD_FIXED_BYTES))
    if (headOffset !== this.#offset) throw mismatch(this.#index)
    if (contentBytes > Limits.headBytesMax)
      throw new FormatError('frame-too-large', headOffset, `a head of ${contentBytes} bytes`)
    const elementBytes = ELEMENT_START_BYTES + contentBytes
    const head = decodeHead(this.#hold(elementBytes).subarray(ELEMENT_START_BYTES, elementBytes), headOffset)
    this.#at += elementBytes
    this.#offset += SKIPPABLE_BYTES + contentBytes + head.compressedBytes
    this.#next = { head, offset: headOffset }
    return head
  }

  /** At least `count` bytes of the index, from where it was used to. */
  #hold(count: number): Uint8Array {
    if (this.#held.length - this.#at < count) {
      const left = this.#index.end - this.#heldEnd
      const more = readRange(this.#file, this.#heldEnd, Math.min(Math.max(count, STEP_BYTES), left))
      this.#held = Buffer.concat([this.#held.subarray(this.#at), more])
      this.#heldEnd += more.length
      this.#at = 0
      if (this.#held.length < count) throw mismatch(this.#index)
    }
    return this.#held.subarray(this.#at)
  }
}

/** True where the hash that the end record gives is that of all before it. The end's element is the last one, without a path. */
function isIntact(file: RandomFile, index: Index): boolean {
  const elementBytes = ELEMENT_START_BYTES + HEAD_FIXED_BYTES
  const element = readRange(file, index.end - elementBytes, elementBytes)
  const { headOffset, contentBytes } = decodeElementStart(element)
  if (contentBytes !== HEAD_FIXED_BYTES) return false
  const head = decodeHead(element.subarray(ELEMENT_START_BYTES), headOffset)
  if (head.type !== FrameType.end) return false
  const [record] = recordsOf(head, readFrame(file, index, head, headOffset), headOffset)
  return compareBytes(hashTo(file, headOffset), decodeEnd(record!.fields, headOffset).hash) === 0
}

function hashTo(file: RandomFile, end: number): Uint8Array {
  const hasher = createHasher()
  const step = new Uint8Array(HASH_STEP_BYTES)
  for (let at = 0; at < end; at += step.length) {
    const count = file.read(step, at)
    hasher.update(step.subarray(0, Math.min(count, end - at)))
  }
  return hasher.finish()
}

/** The data frame at a head, which must be the one that the index has. */
function readFrame(file: RandomFile, index: Index, head: Head, offset: number): Uint8Array {
  const headFrame = encodeHead(head)
  const bytes = readRange(file, offset, headFrame.length + head.compressedBytes)
  if (compareBytes(bytes.subarray(0, headFrame.length), headFrame) !== 0) throw mismatch(index)
  return bytes.subarray(headFrame.length)
}

/** Bytes of the file, fewer where it does not have so many. */
function readRange(file: RandomFile, offset: number, length: number): Uint8Array {
  if (offset < 0) return EMPTY
  const bytes = new Uint8Array(length)
  return bytes.subarray(0, file.read(bytes, offset))
}

function mismatch(index: Index): FormatError {
  return new FormatError('index-mismatch', index.offset, 'index or seek table')
}
