/** Frames and streams, written from spec §3 alone. Whatever a stream must not say can be said through `options`. */
import { createRequire } from 'node:module'
import { table } from './entries.mjs'
import { record } from './msgpack.mjs'
import { bytesOf, heading, integer, lengthOf, piece, slicePieces, u8, u16, u32, u64 } from './pieces.mjs'
import { zstdFrame } from './zstd.mjs'

const { blake3 } = createRequire(import.meta.url)('@napi-rs/blake-hash')

/** The BLAKE3-256 of bytes. */
export const hash = (bytes) => Buffer.from(blake3(bytes))
export const hashHex = (bytes) => hash(Buffer.from(bytes)).toString('hex')

const SKIPPABLE = Buffer.from([0x53, 0x2a, 0x4d, 0x18])
const frameTypes = table.tables.FrameType.values

/**
 * A stream: `kind`, `frames` (as frames.mjs makes them, the end left out), and `options`: `magic`, `index` and `seek`
 * take pieces and give others, `end` changes the end record, `tail` is put behind all, `cut` ends the stream there.
 */
export function stream(kind, frames, options = {}) {
  const change = { magic: (pieces) => pieces, index: (pieces) => pieces, seek: (pieces) => pieces, ...options }
  const state = { pieces: [], lengths: [], index: [], offsets: [], treeHash: [] }
  addPart(state, 'magic frame', change.magic(magicFrame(kind)), 0)
  for (const frame of frames) addFrame(state, frame)
  const end = options.end === null ? null : endFrame(state, kind, frames, options.end ?? {})
  if (end !== null) addFrame(state, end)
  for (const frame of options.behind ?? []) addFrame(state, frame)
  const indexOffset = lengthOf(state.pieces)
  addPart(state, `index, at ${indexOffset}`, change.index(indexFrame(state.index)), 0)
  const seekOffset = lengthOf(state.pieces)
  addPart(state, `seek table, at ${seekOffset}`, change.seek(seekTable(state.lengths)), 0)
  const size = lengthOf(state.pieces)
  if (options.tail !== undefined) state.pieces.push(heading('what must not be here'), piece(options.tail))
  const pieces = options.cut === undefined ? state.pieces : slicePieces(state.pieces, 0, options.cut)
  const lines = [headerLine(kind, frames), ...frames.slice(1).flatMap((frame) => frame.lines), end?.line]
  return { pieces, lines, offsets: { ...state.offsets, magic: 0, index: indexOffset, seek: seekOffset, tail: size } }
}

function headerLine(kind, frames) {
  return { record: 'header', format: 1, kind, ...frames[0].lines[0] }
}

function addPart(state, title, pieces, rawBytes) {
  state.pieces.push(heading(title), ...pieces)
  state.lengths.push([lengthOf(pieces), rawBytes])
}

function magicFrame(kind) {
  const number = typeof kind === 'number' ? kind : table.tables.StreamKind.values[kind][0]
  return [
    piece(SKIPPABLE, 'zstd skippable frame'),
    u32(8, 'bytes of content'),
    piece(Buffer.from('FSCS'), '"FSCS"'),
    u8(1, 'format version'),
    u8(number, `stream kind: ${kind}`),
    u16(0, 'reserved'),
  ]
}

/** Head frame and data frame. `frame.head` and `frame.zstd` change what they say. */
function addFrame(state, frame) {
  const offset = lengthOf(state.pieces)
  const raw = frame.pieces
  const data = frame.foreign?.(raw) ?? zstdFrame(raw, frame.zstd)
  const shown = frame.data?.(data) ?? data
  const head = {
    ...{ tag: 0x48, type: frameTypes[frame.type][0], reserved: 0, compressedBytes: lengthOf(shown) },
    ...{ rawBytes: lengthOf(raw), rowCount: frame.rowCount ?? 0, path: frame.path ?? Buffer.alloc(0) },
    ...{ digest: frame.digest ?? Buffer.alloc(32), hintsDigest: frame.hintsDigest ?? Buffer.alloc(16), ...frame.head },
  }
  const content = headContent(head, frame.type)
  state.offsets.push(offset)
  state.index.push({ offset, content: bytesOf(content) })
  if (frame.type === 'rows') state.treeHash.push(head.digest)
  const start = [
    piece(head.magic ?? SKIPPABLE, 'zstd skippable frame'),
    u32(head.contentBytes ?? lengthOf(content), 'bytes of content'),
  ]
  addPart(state, `head: ${frame.type}, at ${offset}`, [...start, ...content], 0)
  addPart(state, `data: ${frame.type}`, shown, head.rawBytes)
}

function headContent(head, type) {
  const zero = (bytes) => bytes.every((byte) => byte === 0)
  return [
    u8(head.tag, '"H"'),
    u8(head.type, `frame type: ${type}`),
    u16(head.reserved, 'reserved'),
    u32(head.compressedBytes, 'bytes of the data frame'),
    u32(head.rawBytes, 'bytes that it decompresses to'),
    u32(head.rowCount, 'rows'),
    piece(head.digest, zero(head.digest) ? 'no digest' : 'digest: BLAKE3-256 of the rows record'),
    piece(head.hintsDigest, zero(head.hintsDigest) ? 'no hints digest' : 'hints digest: 16 bytes of a BLAKE3-256'),
    u32(head.pathBytes ?? head.path.length, 'bytes of the first path'),
    piece(head.path, `first path "${head.path.toString('latin1').replace(/[^\x20-\x7e]/g, '.')}"`),
  ]
}

/** The end record sums up the frames before; `changes` is what it says instead. */
function endFrame(state, kind, frames, changes) {
  const count = (name) => frames.reduce((sum, frame) => sum + (frame.totals?.[name] ?? 0), 0)
  const names = ['rowCount', 'contentCount', 'contentBytes', 'problemCount', 'judgedByTime']
  const totals = Object.fromEntries(names.map((name) => [name, changes[name] ?? count(name)]))
  const ids = kind === 'snapshot' ? { to: hash(Buffer.concat(state.treeHash)) } : {}
  for (const name of ['from', 'to']) if (changes[name] !== undefined) ids[name] = changes[name]
  const fields = new frames[0].fields.constructor()
  for (const name of names)
    fields.put(name, totals[name] === 0 ? null : integer(totals[name], 8), `${totals[name]}, as 8 bytes`)
  for (const name of ['from', 'to']) fields.put(name, ids[name] ?? null, 'tree id')
  fields.put('hash', changes.hash ?? hash(bytesOf(state.pieces)), 'BLAKE3-256 of all bytes before this head')
  changes.fields?.(fields)
  const line = { record: 'end', ...totals }
  for (const name of ['from', 'to']) if (ids[name] !== undefined) line[name] = ids[name].toString('hex')
  const records = [...record(changes.name ?? 'end', fields), ...(changes.more ?? [])]
  return { type: 'end', pieces: records, fields, line, head: changes.head }
}

function indexFrame(elements) {
  const content = elements.flatMap((element, i) => [
    u64(element.offset, `offset of head ${i}, and its content again`),
    piece(element.content),
  ])
  return [
    piece(SKIPPABLE, 'zstd skippable frame'),
    u32(lengthOf(content) + 8, 'bytes of content'),
    u8(0x49, '"I"'),
    piece([0, 0, 0], 'reserved'),
    u32(elements.length, 'data frames'),
    ...content,
  ]
}

function seekTable(lengths) {
  const entries = lengths.flatMap(([bytes, rawBytes], i) => [
    u32(bytes, `frame ${i}: ${bytes} bytes, ${rawBytes} uncompressed`),
    u32(rawBytes),
  ])
  return [
    piece([0x5e, 0x2a, 0x4d, 0x18], 'zstd skippable frame of the seekable format'),
    u32(lengthOf(entries) + 9, 'bytes of content'),
    ...entries,
    u32(lengths.length, 'number of entries'),
    u8(0, 'descriptor'),
    piece([0xb1, 0xea, 0x92, 0x8f], 'magic of the seekable format'),
  ]
}
