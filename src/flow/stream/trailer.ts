/**
 * What index and seek table must say of the frames that were read (spec §3.5). Only hashes are kept: an index may be
 * longer than memory should hold.
 */
import { FormatError } from '../../base/errors.ts'
import {
  encodeIndexElement,
  encodeIndexStart,
  encodeSeekEntry,
  encodeSeekTableEnds,
  INDEX_START_BYTES,
  isHeadStart,
  SEEK_ENTRY_BYTES,
  SKIPPABLE_BYTES,
} from '../../format/frame.ts'
import { createHasher, type Hasher } from '../../host/native/blake3.ts'
import { compareBytes } from '../../model/path.ts'
import type { ByteQueue } from './byte-queue.ts'

const STEP_BYTES = 65536

export class TrailerChecker {
  readonly #elementsHasher = createHasher()
  #elementsBytes = 0
  #frameCount = 0
  readonly #entriesHasher = createHasher()
  #entryCount = 0

  /** Notes a frame of the zstd file: its bytes, and those that it decompresses to. */
  addFrame(bytes: number, rawBytes: number): void {
    this.#entriesHasher.update(encodeSeekEntry(bytes, rawBytes))
    this.#entryCount++
  }

  /** Notes a head frame that stands at `offset`. */
  addHead(headFrame: Uint8Array, offset: number): void {
    const element = encodeIndexElement(offset, headFrame)
    this.#elementsHasher.update(element)
    this.#elementsBytes += element.length
    this.#frameCount++
  }

  /**
   * Reads index and seek table, which stand at `offset`, and that nothing follows. They must be the very bytes that we
   * would write. Throws FormatError.
   */
  async check(queue: ByteQueue, offset: number): Promise<void> {
    const indexBytes = SKIPPABLE_BYTES + this.#elementsBytes
    const start = await takeBytes(queue, INDEX_START_BYTES, offset)
    if (isHeadStart(start)) throw new FormatError('misplaced-frame', offset, 'a frame behind the end frame')
    expect(start, encodeIndexStart(this.#frameCount, indexBytes), offset)
    await expectHash(queue, this.#elementsBytes, this.#elementsHasher, offset)
    this.addFrame(SKIPPABLE_BYTES + indexBytes, 0)
    const seekOffset = offset + SKIPPABLE_BYTES + indexBytes
    const seekBytes = await this.#checkSeekTable(queue, seekOffset)
    const rest = await queue.take(1)
    if (rest.length > 0)
      throw new FormatError('trailing-bytes', seekOffset + seekBytes, 'the stream goes on behind its seek table')
  }

  async #checkSeekTable(queue: ByteQueue, offset: number): Promise<number> {
    const { start, footer } = encodeSeekTableEnds(this.#entryCount)
    const entriesBytes = this.#entryCount * SEEK_ENTRY_BYTES
    expect(await takeBytes(queue, start.length, offset), start, offset)
    await expectHash(queue, entriesBytes, this.#entriesHasher, offset)
    expect(await takeBytes(queue, footer.length, offset), footer, offset)
    return start.length + entriesBytes + footer.length
  }
}

/** The next `count` bytes, which belong to the frame at `offset`. Throws `truncated` where the stream has fewer. */
export async function takeBytes(queue: ByteQueue, count: number, offset: number): Promise<Uint8Array> {
  const bytes = await queue.take(count)
  if (bytes.length < count) throw new FormatError('truncated', offset, 'the stream ends in the middle of a frame')
  return bytes
}

function expect(bytes: Uint8Array, expected: Uint8Array, offset: number): void {
  if (compareBytes(bytes, expected) !== 0) throw new FormatError('index-mismatch', offset, 'index or seek table')
}

async function expectHash(queue: ByteQueue, count: number, expected: Hasher, offset: number): Promise<void> {
  const hasher = createHasher()
  for (let left = count; left > 0; ) {
    const bytes = await takeBytes(queue, Math.min(left, STEP_BYTES), offset)
    hasher.update(bytes)
    left -= bytes.length
  }
  expect(hasher.finish(), expected.finish(), offset)
}
