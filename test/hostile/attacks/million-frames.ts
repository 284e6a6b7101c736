/** Frames of one byte of content each, and no end of them. A million take as long as they are many; here are fewer. */
import { FrameType } from '../../../src/base/constants.ts'
import { encodeHead, HINTS_DIGEST_BYTES } from '../../../src/format/frame.ts'
import { encodeItem } from '../../../src/format/items.ts'
import { hashBytes } from '../../../src/host/native/blake3.ts'
import { compress } from '../../../src/host/native/zstd.ts'
import { ID_BYTES } from '../../../src/model/entries.ts'
import { type Attack, encode, fileEntry, row, rows } from '../../support/attack.ts'
import { framesOf } from '../../support/frames.ts'

const FRAME_COUNT = Number(process.env['HOSTILE_FRAMES'] ?? 50_000)
const id = hashBytes(Buffer.from('never whole'))

async function* frames(): AsyncGenerator<Uint8Array> {
  const start = await encode([rows(row('a', { after: fileEntry('', { size: FRAME_COUNT + 1, content: id }) }))])
  yield start.subarray(0, framesOf(start)[2]!.offset)
  for (let offset = 0; offset < FRAME_COUNT; offset++) yield frame(offset)
}

function frame(offset: number): Buffer {
  const piece = { id, size: FRAME_COUNT + 1, offset, bytes: Buffer.from('x') }
  const raw = encodeItem({ kind: 'content', piece, isVerified: false })
  const data = compress(raw, 1)
  const head = encodeHead({
    type: FrameType.content,
    compressedBytes: data.length,
    rawBytes: raw.length,
    rowCount: 0,
    digest: new Uint8Array(ID_BYTES),
    hintsDigest: new Uint8Array(HINTS_DIGEST_BYTES),
    firstPath: new Uint8Array(0),
  })
  return Buffer.concat([head, data])
}

export const attack: Attack = {
  stream: () => frames(),
  ends: { error: 'truncated' },
}
