/** zstd frames made by hand (RFC 8878 §3.1.1): blocks that are raw or runs of one byte, so that their bytes can be read. */
import { bytesOf, lengthOf, piece, runAt, slicePieces } from './pieces.mjs'

const BLOCK_MAX = 131072
const RUN_MIN = 64

/**
 * The frame of some pieces. `runs`: long runs become blocks of their own. The rest is for what a frame must not say:
 * `contentBytes` declared, `descriptor` bits, `window` descriptor, `checksum` value.
 */
export function zstdFrame(pieces, options = {}) {
  const bytes = bytesOf(pieces)
  const header = frameHeader(options.contentBytes ?? bytes.length, options)
  const checksum = options.checksum ?? xxh64(bytes) & 0xffffffffn
  const end = options.isUnchecked
    ? []
    : [piece(Buffer.from(integer32(checksum)), 'checksum: lower half of the XXH64 of the content')]
  return [...header, ...blocks(pieces, bytes, options.runs === true), ...end]
}

function frameHeader(contentBytes, { isUnchecked = false, descriptor = 0, window, dictionary }) {
  const flag = contentBytes < 256 && window === undefined ? 0 : contentBytes < 65792 && contentBytes >= 256 ? 1 : 2
  const single = window === undefined ? 0x20 : 0
  const bits = (flag << 6) | single | (isUnchecked ? 0 : 4) | (dictionary === undefined ? 0 : 1) | descriptor
  const size = flag === 0 ? [contentBytes] : flag === 1 ? integer16(contentBytes - 256) : integer32(contentBytes)
  const what = `${isUnchecked ? 'no' : 'a'} checksum, ${single ? 'single segment' : 'a window'}, content size in ${size.length} byte${size.length > 1 ? 's' : ''}`
  return [
    piece([0x28, 0xb5, 0x2f, 0xfd], 'zstd frame'),
    piece([bits], `frame header: ${what}`),
    ...(window === undefined ? [] : [piece([window], 'window descriptor')]),
    ...(dictionary === undefined ? [] : [piece([dictionary], 'dictionary id')]),
    piece(size, `content size ${contentBytes}${flag === 1 ? ' (less 256)' : ''}`),
  ]
}

function blocks(pieces, bytes, runs) {
  const ranges = runs ? rangesOf(bytes) : [{ start: 0, end: bytes.length, isRun: false }]
  const cut = ranges.flatMap(cutRange)
  return cut.flatMap(({ start, end, isRun }, i) => {
    const isLast = i === cut.length - 1
    const count = end - start
    const value = (count << 3) | (isRun ? 2 : 0) | (isLast ? 1 : 0)
    const note = `${isLast ? 'last block' : 'block'}: ${isRun ? `one byte ${count} times` : `${count} bytes as they are`}`
    const body = isRun ? [piece(bytes.subarray(start, start + 1))] : slicePieces(pieces, start, end)
    return [piece(integer32(value).slice(0, 3), note), ...body]
  })
}

/** Runs of one byte, and what lies between them. */
function rangesOf(bytes) {
  const ranges = []
  let start = 0
  for (let at = 0; at < bytes.length; ) {
    const run = runAt(bytes, at)
    if (run >= RUN_MIN) {
      if (at > start) ranges.push({ start, end: at, isRun: false })
      ranges.push({ start: at, end: at + run, isRun: true })
      start = at + run
    }
    at += run
  }
  if (start < bytes.length || bytes.length === 0) ranges.push({ start, end: bytes.length, isRun: false })
  return ranges
}

function cutRange({ start, end, isRun }) {
  const parts = []
  for (let at = start; at < end || at === start; at += BLOCK_MAX)
    parts.push({ start: at, end: Math.min(end, at + BLOCK_MAX), isRun })
  return parts
}

const integer16 = (value) => [value & 255, value >> 8]
const integer32 = (value) => [0, 8, 16, 24].map((shift) => Number((BigInt(value) >> BigInt(shift)) & 255n))

const MASK = (1n << 64n) - 1n
const P1 = 0x9e3779b185ebca87n
const P2 = 0xc2b2ae3d27d4eb4fn
const P3 = 0x165667b19e3779f9n
const P4 = 0x85ebca77c2b2ae63n
const P5 = 0x27d4eb2f165667c5n
const rotate = (x, bits) => ((x << BigInt(bits)) | (x >> BigInt(64 - bits))) & MASK
const round = (lane, input) => (rotate((lane + input * P2) & MASK, 31) * P1) & MASK

/** XXH64 with seed 0. */
export function xxh64(bytes) {
  let at = 0
  let hash = P5
  if (bytes.length >= 32) {
    const lanes = [(P1 + P2) & MASK, P2, 0n, (1n << 64n) - P1]
    for (; at + 32 <= bytes.length; at += 32)
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i], bytes.readBigUInt64LE(at + 8 * i))
    hash = [1, 7, 12, 18].reduce((sum, bits, i) => (sum + rotate(lanes[i], bits)) & MASK, 0n)
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * P1 + P4) & MASK
  }
  hash = (hash + BigInt(bytes.length)) & MASK
  for (; at + 8 <= bytes.length; at += 8)
    hash = (rotate(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27) * P1 + P4) & MASK
  for (; at + 4 <= bytes.length; at += 4)
    hash = (rotate(hash ^ ((BigInt(bytes.readUInt32LE(at)) * P1) & MASK), 23) * P2 + P3) & MASK
  for (; at < bytes.length; at++) hash = (rotate(hash ^ ((BigInt(bytes[at]) * P5) & MASK), 11) * P1) & MASK
  hash = ((hash ^ (hash >> 33n)) * P2) & MASK
  hash = ((hash ^ (hash >> 29n)) * P3) & MASK
  return hash ^ (hash >> 32n)
}

/** Bytes of a frame by another's hand, told from what they hold. */
export function foreignFrame(compressed, pieces) {
  return [piece(compressed, `a zstd frame of ${compressed.length} bytes that holds ${lengthOf(pieces)} bytes`)]
}
