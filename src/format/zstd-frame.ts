/**
 * What a data frame must declare before it is decompressed (spec §3.3, RFC 8878 §3.1.1): one zstd frame of exactly the
 * announced size, with the announced content size and a checksum, without dictionary, its window within the limit.
 */
import { Limits, Magic } from '../base/constants.ts'
import { FormatError } from '../base/errors.ts'
import type { Head } from './frame.ts'

const CHECKSUM_BYTES = 4
const BLOCK_HEADER_BYTES = 3
const BLOCK_RLE = 1
const BLOCK_RESERVED = 3

/** Throws FormatError `bad-zstd` where `bytes` is not such a frame. Nothing is decompressed. */
export function checkZstdFrame(bytes: Uint8Array, head: Head, offset: number): void {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const fail = (what: string): never => {
    throw new FormatError('bad-zstd', offset, what)
  }
  try {
    const { headerBytes, contentBytes, windowBytes } = readHeader(view, fail)
    if (contentBytes !== head.rawBytes) fail(`content size ${contentBytes}, announced ${head.rawBytes}`)
    if (windowBytes > Limits.windowBytesMax) fail(`window of ${windowBytes} bytes`)
    if (blocksEnd(view, headerBytes, fail) + CHECKSUM_BYTES !== bytes.length) fail('not one whole zstd frame')
  } catch (error) {
    if (error instanceof RangeError) fail('not one whole zstd frame')
    throw error
  }
}

function readHeader(
  view: Buffer,
  fail: (what: string) => never,
): { headerBytes: number; contentBytes: number; windowBytes: number } {
  if (view.readUInt32LE(0) !== Magic.zstd) fail('not a zstd frame')
  const descriptor = view.readUInt8(4)
  const isSingleSegment = (descriptor & 0x20) !== 0
  if ((descriptor & 0x08) !== 0) fail('reserved bit set')
  if ((descriptor & 0x04) === 0) fail('no checksum')
  if ((descriptor & 0x03) !== 0) fail('a dictionary')
  const sizeFlag = descriptor >> 6
  if (sizeFlag === 0 && !isSingleSegment) fail('no content size')
  const at = isSingleSegment ? 5 : 6
  const sizeBytes = sizeFlag === 0 ? 1 : 2 ** sizeFlag
  const contentBytes = readSize(view, at, sizeBytes)
  return {
    headerBytes: at + sizeBytes,
    contentBytes,
    windowBytes: isSingleSegment ? contentBytes : windowOf(view.readUInt8(5)),
  }
}

function readSize(view: Buffer, at: number, bytes: number): number {
  switch (bytes) {
    case 1:
      return view.readUInt8(at)
    case 2:
      return view.readUInt16LE(at) + 256
    case 4:
      return view.readUInt32LE(at)
    default:
      return Number(view.readBigUInt64LE(at))
  }
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3))
  return base + (base / 8) * (descriptor & 7)
}

/** Where the last block ends. */
function blocksEnd(view: Buffer, start: number, fail: (what: string) => never): number {
  for (let at = start; ; ) {
    const header = view.readUIntLE(at, BLOCK_HEADER_BYTES)
    const type = (header >> 1) & 3
    if (type === BLOCK_RESERVED) fail('reserved block type')
    at += BLOCK_HEADER_BYTES + (type === BLOCK_RLE ? 1 : header >> 3)
    if (at > view.length) fail('a block goes beyond the frame')
    if ((header & 1) === 1) return at
  }
}
