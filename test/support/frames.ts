/** Streams as frames and back, for tests that look at or change what is in them. */
import {
  decodeHead,
  encodeHead,
  encodeIndexElement,
  encodeIndexStart,
  encodeSeekEntry,
  encodeSeekTableEnds,
  type Head,
  MAGIC_FRAME_BYTES,
  SKIPPABLE_BYTES,
} from '../../src/format/frame.ts'
import { decompress } from '../../src/host/native/zstd.ts'

/** A head frame and its data frame; `raw` is what that decompresses to. */
export type Frame = { head: Head; data: Buffer; raw: Buffer; offset: number }

/** The frames of a valid stream. */
export function framesOf(stream: Buffer): Frame[] {
  const frames: Frame[] = []
  for (let offset = MAGIC_FRAME_BYTES; stream[offset + SKIPPABLE_BYTES] === 'H'.charCodeAt(0); ) {
    const headEnd = offset + SKIPPABLE_BYTES + stream.readUInt32LE(offset + 4)
    const head = decodeHead(stream.subarray(offset + SKIPPABLE_BYTES, headEnd), offset)
    const data = stream.subarray(headEnd, headEnd + head.compressedBytes)
    frames.push({ head, data, raw: Buffer.from(decompress(data, head.rawBytes)!), offset })
    offset = headEnd + head.compressedBytes
  }
  return frames
}

/** The stream of a magic frame, heads and data frames, with the index and the seek table that they ask for. */
export function joinFrames(magic: Buffer, frames: { head: Head; data: Buffer }[]): Buffer {
  const parts: Buffer[] = [magic]
  const entries = [encodeSeekEntry(magic.length, 0)]
  const index: Uint8Array[] = []
  let offset = magic.length
  for (const { head, data } of frames) {
    const headFrame = encodeHead(head)
    index.push(encodeIndexElement(offset, headFrame))
    entries.push(encodeSeekEntry(headFrame.length, 0), encodeSeekEntry(data.length, head.rawBytes))
    parts.push(Buffer.from(headFrame), data)
    offset += headFrame.length + data.length
  }
  const elements = Buffer.concat(index)
  const start = encodeIndexStart(frames.length, SKIPPABLE_BYTES + elements.length)
  entries.push(encodeSeekEntry(start.length + elements.length, 0))
  const table = encodeSeekTableEnds(entries.length)
  return Buffer.concat([...parts, start, elements, table.start, ...entries, table.footer])
}
