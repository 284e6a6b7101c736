/** zstd frames made by hand, of blocks that say "this byte, so many times" (RFC 8878 §3.1.1): four bytes for 128 KiB. */
import { FrameType } from '../../src/base/constants.ts'
import { HINTS_DIGEST_BYTES } from '../../src/format/frame.ts'
import { ID_BYTES } from '../../src/model/entries.ts'
import { encode, type RawRow, rows } from './attack.ts'
import { framesOf, joinFrames } from './frames.ts'

const BLOCK_BYTES = 128 << 10
const MAGIC_FRAME_BYTES = 16

/** A frame of `blocks` full blocks of zeros. `contentBytes` is what it declares, or null where it declares nothing. */
export function bomb(blocks: number, contentBytes: number | null, windowDescriptor = 0x70): Buffer {
  const head = Buffer.alloc(contentBytes === null ? 6 : 14)
  head.writeUInt32LE(0xfd2fb528, 0)
  // Content size of 8 bytes or none, a window, a checksum.
  head[4] = contentBytes === null ? 0x04 : 0xc4
  head[5] = windowDescriptor
  if (contentBytes !== null) head.writeBigUInt64LE(BigInt(contentBytes), 6)
  const body = Buffer.alloc(4 * blocks)
  for (let i = 0; i < blocks; i++) body.writeUIntLE((BLOCK_BYTES << 3) | 2 | (i === blocks - 1 ? 1 : 0), 4 * i, 3)
  return Buffer.concat([head, body, Buffer.alloc(4)])
}

/** A valid stream, with a content frame in it whose data is `data` and that announces `rawBytes`. */
export async function streamWithBomb(row: RawRow, data: Buffer, rawBytes: number): Promise<Buffer> {
  const stream = await encode([rows(row)])
  const frames = framesOf(stream)
  const head = {
    type: FrameType.content,
    compressedBytes: data.length,
    rawBytes,
    rowCount: 0,
    digest: new Uint8Array(ID_BYTES),
    hintsDigest: new Uint8Array(HINTS_DIGEST_BYTES),
    firstPath: new Uint8Array(0),
  }
  const [header, batch, end] = frames
  return joinFrames(stream.subarray(0, MAGIC_FRAME_BYTES), [header!, batch!, { head, data }, end!])
}
