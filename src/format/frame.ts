/** Frame layer (spec §3). Pure: bytes in, frames out; knows nothing of records. All integers are little-endian. */
import { FORMAT_VERSION, FrameType, Limits, Magic, StreamKind } from '../base/constants.ts'
import { FormatError } from '../base/errors.ts'
import { ID_BYTES } from '../model/entries.ts'
import type { StreamKind as Kind } from '../model/item.ts'

/** Bytes of the whole magic frame, and of the part of any skippable frame before its content. */
export const MAGIC_FRAME_BYTES = 16
export const SKIPPABLE_BYTES = 8
/** Bytes of the digest of hints: BLAKE3 cut short. */
export const HINTS_DIGEST_BYTES = 16
const VERSION_AT = 12
/** Bytes of a head frame's content before its path. */
export const HEAD_FIXED_BYTES = 68
const HEAD_TAG = 0x48
const INDEX_TAG = 0x49

/** What a head frame says of the data frame behind it (spec §3.2). */
export type Head = {
  /** A value of FrameType. */
  type: number
  compressedBytes: number
  rawBytes: number
  rowCount: number
  /** BLAKE3 of the rows record; all zero for other frames. */
  digest: Uint8Array
  /** BLAKE3 of the hints record, its first 16 bytes; all zero where there is none. */
  hintsDigest: Uint8Array
  /** Path of the first row. */
  firstPath: Uint8Array
}

export function encodeMagic(kind: Kind): Buffer {
  const bytes = skippable(Magic.skippable, MAGIC_FRAME_BYTES - SKIPPABLE_BYTES)
  bytes.writeUInt32LE(Magic.stream, SKIPPABLE_BYTES)
  bytes[VERSION_AT] = FORMAT_VERSION
  bytes[VERSION_AT + 1] = StreamKind[kind]
  return bytes
}

/** The stream kind of the first 16 bytes. Where there are fewer, the stream is another's, or cut short. */
export function decodeMagic(bytes: Uint8Array): Kind {
  const view = buffer(bytes)
  const known = Math.min(bytes.length, VERSION_AT)
  if (encodeMagic('snapshot').compare(view, 0, known, 0, known) !== 0)
    throw new FormatError('not-a-changeset', 0, 'the stream does not begin with the magic frame')
  if (bytes.length < MAGIC_FRAME_BYTES) throw new FormatError('truncated', 0, `a stream of ${bytes.length} bytes`)
  if (bytes[VERSION_AT] !== FORMAT_VERSION)
    throw new FormatError('unknown-version', 0, `version ${bytes[VERSION_AT]}; this program reads ${FORMAT_VERSION}`)
  const kind = (Object.keys(StreamKind) as Kind[]).find((name) => StreamKind[name] === bytes[VERSION_AT + 1])
  if (kind === undefined) throw new FormatError('unknown-kind', 0, `stream kind ${bytes[VERSION_AT + 1]}`)
  if (view.readUInt16LE(14) !== 0)
    throw new FormatError('unknown-version', 0, 'reserved bits of the magic frame are set')
  return kind
}

/** A skippable frame's zstd magic and the bytes of its content, from its first 8 bytes. */
export function decodeSkippable(bytes: Uint8Array): { magic: number; contentBytes: number } {
  const view = buffer(bytes)
  return { magic: view.readUInt32LE(0), contentBytes: view.readUInt32LE(4) }
}

/** The size of a head frame's content, from the frame's first 8 bytes; checked before anything is allocated for it. */
export function headContentBytes(bytes: Uint8Array, offset: number): number {
  const { magic, contentBytes } = decodeSkippable(bytes)
  if (magic !== Magic.skippable) throw new FormatError('bad-frame', offset, 'not a head frame')
  if (contentBytes < HEAD_FIXED_BYTES) throw new FormatError('bad-frame', offset, `a head of ${contentBytes} bytes`)
  if (contentBytes > Limits.headBytesMax)
    throw new FormatError('frame-too-large', offset, `a head of ${contentBytes} bytes`)
  return contentBytes
}

/** A whole head frame. */
export function encodeHead(head: Head): Uint8Array {
  const bytes = skippable(Magic.skippable, HEAD_FIXED_BYTES + head.firstPath.length)
  bytes[8] = HEAD_TAG
  bytes[9] = head.type
  bytes.writeUInt32LE(head.compressedBytes, 12)
  bytes.writeUInt32LE(head.rawBytes, 16)
  bytes.writeUInt32LE(head.rowCount, 20)
  bytes.set(head.digest, 24)
  bytes.set(head.hintsDigest, 56)
  bytes.writeUInt32LE(head.firstPath.length, 72)
  bytes.set(head.firstPath, SKIPPABLE_BYTES + HEAD_FIXED_BYTES)
  return bytes
}

/** The head of a head frame's content. Its sizes are checked against the limits; the rest against its data frame later. */
export function decodeHead(content: Uint8Array, offset: number): Head {
  const view = buffer(content)
  const pathBytes = view.readUInt32LE(64)
  if (content[0] !== HEAD_TAG || view.readUInt16LE(2) !== 0 || pathBytes !== content.length - HEAD_FIXED_BYTES) {
    throw new FormatError('bad-frame', offset, 'not a head frame')
  }
  const head = {
    type: content[1]!,
    compressedBytes: view.readUInt32LE(4),
    rawBytes: view.readUInt32LE(8),
    rowCount: view.readUInt32LE(12),
    // Copies: `slice` of a Buffer would be a view.
    digest: new Uint8Array(view.subarray(16, 16 + ID_BYTES)),
    hintsDigest: new Uint8Array(view.subarray(48, 48 + HINTS_DIGEST_BYTES)),
    firstPath: new Uint8Array(view.subarray(HEAD_FIXED_BYTES)),
  }
  checkHead(head, offset)
  return head
}

function checkHead(head: Head, offset: number): void {
  if (head.rawBytes > Limits.frameBytesMax || head.compressedBytes > Limits.compressedBytesMax) {
    throw new FormatError('frame-too-large', offset, `${head.rawBytes} bytes, ${head.compressedBytes} compressed`)
  }
  if (head.rawBytes === 0 || head.compressedBytes === 0)
    throw new FormatError('bad-frame', offset, 'an empty data frame')
  if (!isFrameType(head.type)) throw new FormatError('unknown-record', offset, `frame type ${head.type}`)
  if (head.type === FrameType.rows) {
    if (head.rowCount === 0 || head.rowCount > Limits.batchRowsMax)
      throw new FormatError('too-many-rows', offset, `${head.rowCount} rows`)
  } else if (head.rowCount !== 0 || head.firstPath.length > 0 || !isZero(head.digest) || !isZero(head.hintsDigest)) {
    throw new FormatError('head-mismatch', offset, 'rows, path or digests in the head of another frame')
  }
}

/** Types below 128 must be known and not reserved; a reader may skip the others. */
function isFrameType(type: number): boolean {
  const isReserved = type === FrameType.signature || type === FrameType.chain
  return (type >= FrameType.header && type <= FrameType.touch && !isReserved) || type >= FrameType.optional
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}

/** True where bytes behind the end frame begin another head frame instead of the index. */
export function isHeadStart(bytes: Uint8Array): boolean {
  return decodeSkippable(bytes).magic === Magic.skippable && bytes[SKIPPABLE_BYTES] === HEAD_TAG
}

/** Bytes of the index frame before its elements, and of an element before the head's content. */
export const INDEX_START_BYTES = SKIPPABLE_BYTES + 8
export const ELEMENT_START_BYTES = 8

/** The first bytes of the index frame: its own header, tag, reserved, number of data frames. */
export function encodeIndexStart(frameCount: number, contentBytes: number): Uint8Array {
  const bytes = skippable(Magic.skippable, contentBytes)
  const start = Buffer.alloc(INDEX_START_BYTES - SKIPPABLE_BYTES)
  start[0] = INDEX_TAG
  start.writeUInt32LE(frameCount, 4)
  return Buffer.concat([bytes.subarray(0, SKIPPABLE_BYTES), start])
}

/** One element of the index: where the head frame stands in the stream, and its content again. */
export function encodeIndexElement(headOffset: number, headFrame: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(ELEMENT_START_BYTES + headFrame.length - SKIPPABLE_BYTES)
  bytes.writeBigUInt64LE(BigInt(headOffset))
  bytes.set(headFrame.subarray(SKIPPABLE_BYTES), ELEMENT_START_BYTES)
  return bytes
}

/** Where the head frame of an element stands, and the bytes of its content, from the element's first bytes. */
export function decodeElementStart(bytes: Uint8Array): { headOffset: number; contentBytes: number } {
  const view = buffer(bytes)
  const pathBytes = view.readUInt32LE(ELEMENT_START_BYTES + HEAD_FIXED_BYTES - 4)
  return { headOffset: Number(view.readBigUInt64LE(0)), contentBytes: HEAD_FIXED_BYTES + pathBytes }
}

/** Bytes of one entry of the seek table. */
export const SEEK_ENTRY_BYTES = 8
const SEEK_FOOTER_BYTES = 9

/** One entry of the zstd seekable format's table: bytes of a frame, and of what it decompresses to. */
export function encodeSeekEntry(bytes: number, rawBytes: number): Uint8Array {
  const entry = Buffer.alloc(SEEK_ENTRY_BYTES)
  entry.writeUInt32LE(bytes, 0)
  entry.writeUInt32LE(rawBytes, 4)
  return entry
}

/** What stands before and behind the entries of a seek table. */
export function encodeSeekTableEnds(entryCount: number): { start: Uint8Array; footer: Uint8Array } {
  const frame = skippable(Magic.seekTable, SEEK_FOOTER_BYTES)
  frame.writeUInt32LE(entryCount * SEEK_ENTRY_BYTES + SEEK_FOOTER_BYTES, 4)
  frame.writeUInt32LE(entryCount, SKIPPABLE_BYTES)
  frame.writeUInt32LE(Magic.seekFooter, SKIPPABLE_BYTES + 5)
  return { start: frame.subarray(0, SKIPPABLE_BYTES), footer: frame.subarray(SKIPPABLE_BYTES) }
}

/** Bytes at the end of a stream that tell how long its seek table and its index are. */
export const SEEK_END_BYTES = SEEK_ENTRY_BYTES + SEEK_FOOTER_BYTES

/** What they say: bytes of the seek table, its entries, bytes of the last frame it names; null where they end no stream. */
export function decodeSeekEnd(
  bytes: Uint8Array,
): { tableBytes: number; entryCount: number; lastFrameBytes: number } | null {
  if (bytes.length < SEEK_END_BYTES) return null
  const view = buffer(bytes)
  if (bytes[SEEK_ENTRY_BYTES + 4] !== 0 || view.readUInt32LE(SEEK_END_BYTES - 4) !== Magic.seekFooter) return null
  const entryCount = view.readUInt32LE(SEEK_ENTRY_BYTES)
  const tableBytes = SKIPPABLE_BYTES + entryCount * SEEK_ENTRY_BYTES + SEEK_FOOTER_BYTES
  return { tableBytes, entryCount, lastFrameBytes: view.readUInt32LE(0) }
}

function skippable(magic: number, contentBytes: number): Buffer {
  const bytes = Buffer.alloc(SKIPPABLE_BYTES + contentBytes)
  bytes.writeUInt32LE(magic, 0)
  bytes.writeUInt32LE(contentBytes, 4)
  return bytes
}

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
