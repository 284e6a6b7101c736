/**
 * The view of bytes: every frame of a stream (spec §3) with its offset, its bytes in hexadecimal and what they mean. It
 * goes as far as the stream can be understood, and then throws the FormatError that says why not.
 */
import { FrameType, Limits, Magic, StreamKind as StreamKindValues } from '../../base/constants.ts'
import { FormatError } from '../../base/errors.ts'
import {
  decodeHead,
  decodeMagic,
  decodeSkippable,
  type Head,
  headContentBytes,
  MAGIC_FRAME_BYTES,
  SEEK_ENTRY_BYTES,
  SKIPPABLE_BYTES,
} from '../../format/frame.ts'
import { decodeItems } from '../../format/items.ts'
import { decodeRecords } from '../../format/msgpack.ts'
import { checkZstdFrame } from '../../format/zstd-frame.ts'
import { decompress } from '../../host/native/zstd.ts'
import { escapeBytes, quotePath } from '../../model/escape.ts'
import type { StreamKind } from '../../model/item.ts'
import { ByteQueue } from '../stream/byte-queue.ts'
import { fixed, formatByteLine, formatLayout, type Part } from './byte-line.ts'
import { recordLines } from './byte-records.ts'
import { formatBytes, formatNoun } from './words.ts'

/** Pieces of text, each made of whole lines with their newlines. All of it is safe on a screen. */
export async function* showBytes(source: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const tape = new Tape(new ByteQueue(source))
  try {
    const magic = await tape.take(MAGIC_FRAME_BYTES, 0)
    yield text(['magic frame', ...formatLayout(magic, 0, magicLayout)])
    const kind = decodeMagic(magic)
    for (let frame = 1, type = 0; type !== FrameType.end; frame++) {
      const offset = tape.offset
      const start = await tape.take(SKIPPABLE_BYTES, offset)
      const content = await tape.take(headContentBytes(start, offset), offset)
      const head = decodeHead(content, offset)
      type = head.type
      yield text(headLines(frame, offset, Buffer.concat([start, content]), head))
      const dataOffset = tape.offset
      const data = await tape.take(head.compressedBytes, offset)
      yield text(dataLines(frame, dataOffset, data, head, kind, offset))
    }
    yield* indexText(tape)
    yield* seekTableText(tape)
    await tape.expectEnd()
  } finally {
    await tape.close()
  }
}

/** Takes bytes off a queue and knows where it is. What it hands out is a copy. */
class Tape {
  offset = 0
  readonly #queue: ByteQueue
  constructor(queue: ByteQueue) {
    this.#queue = queue
  }

  /** The next `count` bytes of the frame that began at `frameOffset`. */
  async take(count: number, frameOffset: number): Promise<Uint8Array> {
    const bytes = Uint8Array.from(await this.#queue.take(count))
    if (bytes.length < count)
      throw new FormatError('truncated', frameOffset, 'the stream ends in the middle of a frame')
    this.offset += count
    return bytes
  }

  async expectEnd(): Promise<void> {
    const rest = await this.#queue.take(1)
    if (rest.length > 0)
      throw new FormatError('trailing-bytes', this.offset, 'the stream goes on behind its seek table')
  }

  close(): Promise<void> {
    return this.#queue.close()
  }
}

function text(lines: string[]): string {
  return `${lines.join('\n')}\n`
}

const skippable: Part[] = [fixed(4, 'skippable frame'), [4, (count) => `${formatBytes(count)} of content`]]

const magicLayout: Part[] = [
  ...skippable,
  [4, (_, bytes) => escapeBytes(bytes)],
  [1, (version) => `version ${version}`],
  [1, (kind) => `stream kind ${nameOf(StreamKindValues, kind)}`],
  fixed(2, 'reserved'),
]

/** The content of a head frame, here and in the index. */
function headLayout(head: Head): Part[] {
  const digest = (what: string) => (_: number, bytes: Uint8Array) =>
    bytes.some((byte) => byte !== 0) ? `digest of the ${what} record` : `no ${what} record`
  return [
    fixed(1, 'head'),
    [1, (type) => `frame type ${typeName(type)}`],
    fixed(2, 'reserved'),
    [4, (count) => `data frame of ${formatBytes(count)}`],
    [4, (count) => `${formatBytes(count)} decompressed`],
    [4, (count) => formatNoun(count, 'row')],
    [32, digest('rows')],
    [16, digest('hints')],
    [4, (count) => `path of ${formatBytes(count)}`],
    [head.firstPath.length, (_, path) => `first path ${quotePath(path)}`],
  ]
}

function typeName(type: number): string {
  return nameOf(FrameType, type)
}

function nameOf(table: Readonly<Record<string, number>>, number: number): string {
  return Object.entries(table).find(([, value]) => value === number)?.[0] ?? String(number)
}

function headLines(frame: number, offset: number, bytes: Uint8Array, head: Head): string[] {
  return ['', `head of frame ${frame}`, ...formatLayout(bytes, offset, [...skippable, ...headLayout(head)])]
}

function dataLines(
  frame: number,
  at: number,
  data: Uint8Array,
  head: Head,
  kind: StreamKind,
  offset: number,
): string[] {
  checkZstdFrame(data, head, offset)
  const raw = decompress(data, head.rawBytes)
  if (raw === null) throw new FormatError('bad-zstd', offset, 'the frame does not decompress')
  const records = decodeRecords(raw, offset)
  const [first] = head.type === FrameType.rows ? decodeItems(head.type, records, kind, offset) : []
  const lines = recordLines(records, first?.kind === 'rows' ? first.batch : null)
  const zstd = formatByteLine(String(at), data, `zstd frame of ${formatBytes(data.length)}, decompressed:`)
  return [`frame ${frame}: ${typeName(head.type)}`, zstd, ...lines]
}

/** The index: the heads again, each behind its offset. Elements are taken one by one, however long it is. */
async function* indexText(tape: Tape): AsyncIterable<string> {
  const offset = tape.offset
  const start = await tape.take(SKIPPABLE_BYTES, offset)
  if (decodeSkippable(start).magic !== Magic.skippable)
    throw new FormatError('index-mismatch', offset, 'no index frame')
  const head = await tape.take(8, offset)
  const count = Buffer.from(head).readUInt32LE(4)
  const layout = [...skippable, fixed(1, 'index'), fixed(3, 'reserved'), [4, (n) => formatNoun(n, 'frame')] as Part]
  yield text(['', 'index frame', ...formatLayout(Buffer.concat([start, head]), offset, layout)])
  for (let i = 0; i < count; i++) yield text(await indexElementLines(tape, offset))
}

const INDEX_FIXED_BYTES = 76

async function indexElementLines(tape: Tape, offset: number): Promise<string[]> {
  const at = tape.offset
  const fixedPart = Buffer.from(await tape.take(INDEX_FIXED_BYTES, offset))
  const pathBytes = fixedPart.readUInt32LE(INDEX_FIXED_BYTES - 4)
  if (pathBytes > Limits.pathBytesMax) throw new FormatError('index-mismatch', offset, `a path of ${pathBytes} bytes`)
  const path = await tape.take(pathBytes, offset)
  const type = typeName(fixedPart.readUInt8(9))
  const rows = type === 'rows' ? `, ${formatNoun(fixedPart.readUInt32LE(20), 'row')} from ${quotePath(path)}` : ''
  const what = `head at ${fixedPart.readBigUInt64LE()}: ${type}${rows}`
  return [formatByteLine(String(at), Buffer.concat([fixedPart, path]), what)]
}

async function* seekTableText(tape: Tape): AsyncIterable<string> {
  const offset = tape.offset
  const start = await tape.take(SKIPPABLE_BYTES, offset)
  const { magic, contentBytes } = decodeSkippable(start)
  const entryCount = (contentBytes - 9) / SEEK_ENTRY_BYTES
  if (magic !== Magic.seekTable || !Number.isInteger(entryCount)) {
    throw new FormatError('index-mismatch', offset, 'no seek table')
  }
  yield text(['', 'seek table', ...formatLayout(start, offset, skippable)])
  for (let i = 0; i < entryCount; i++) {
    const at = tape.offset
    const entry = Buffer.from(await tape.take(SEEK_ENTRY_BYTES, offset))
    const what = `frame of ${formatBytes(entry.readUInt32LE())}, ${formatBytes(entry.readUInt32LE(4))} decompressed`
    yield text([formatByteLine(String(at), entry, what)])
  }
  const footer: Part[] = [[4, (n) => formatNoun(n, 'frame')], fixed(1, 'descriptor'), fixed(4, 'end of a seek table')]
  yield text(formatLayout(await tape.take(9, offset), tape.offset - 9, footer))
}
