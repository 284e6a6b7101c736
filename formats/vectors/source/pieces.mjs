/** Bytes with notes: what a vector is built from, and how it is written as text. */

/** Some bytes of a stream and what they mean. */
export const piece = (bytes, note = '') => ({ bytes: Buffer.from(bytes), note })

/** A line of text between bytes. */
export const heading = (text) => ({ bytes: Buffer.alloc(0), heading: text })

/** Little-endian integers. */
export const u8 = (value, note) => piece([value], note)
export const u16 = (value, note) => piece([value & 255, value >> 8], note)
export const u32 = (value, note) => piece(integer(value, 4), note)
export const u64 = (value, note) => piece(integer(value, 8), note)

/** The `width` bytes of an integer, the lowest first. */
export function integer(value, width) {
  return Buffer.from(Array.from({ length: width }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 255n)))
}

/** The bytes of pieces. */
export function bytesOf(pieces) {
  return Buffer.concat(pieces.map((each) => each.bytes))
}

export function lengthOf(pieces) {
  return pieces.reduce((sum, each) => sum + each.bytes.length, 0)
}

/** The pieces of the bytes from `start` to `end`; one that is cut keeps its note on its first part. */
export function slicePieces(pieces, start, end) {
  const parts = []
  let at = 0
  for (const each of pieces) {
    const [from, to] = [Math.max(start - at, 0), Math.min(end - at, each.bytes.length)]
    if (each.bytes.length === 0 ? at >= start && at < end : from < to) {
      parts.push({ ...each, bytes: each.bytes.subarray(from, to), note: from === 0 ? each.note : '(goes on)' })
    }
    at += each.bytes.length
  }
  return parts
}

const LINE_BYTES = 16
const NOTE_COLUMN = 3 * LINE_BYTES + 1
const NOTE_MAX = 100
const RUN_MIN = 48

/** The text of pieces: lines of hexadecimal bytes with the note behind a `#`; `00*300` is a run, `( 61 2f )*300` a pattern. */
export function render(pieces) {
  return pieces.flatMap(renderPiece).join('\n')
}

function renderPiece({ bytes, note, heading: text }) {
  if (text !== undefined) return ['', `# ${text}`]
  if (bytes.length === 0) return []
  const lines = hexLines(bytes)
  const said = note.length > NOTE_MAX ? `${note.slice(0, NOTE_MAX)} ...` : note
  if (said !== '') lines[0] = `${lines[0].padEnd(NOTE_COLUMN)}# ${said}`
  return lines
}

function hexLines(bytes) {
  const lines = []
  let line = []
  const flush = () => {
    if (line.length > 0) lines.push(line.join(' '))
    line = []
  }
  for (let at = 0; at < bytes.length; ) {
    const times = patternAt(bytes, at)
    if (times > 1) {
      flush()
      lines.push('(', ...hexLines(bytes.subarray(at, at + PATTERN_BYTES)), `)*${times}`)
      at += times * PATTERN_BYTES
      continue
    }
    const run = runAt(bytes, at)
    const hex = bytes.subarray(at, at + 1).toString('hex')
    if (run >= RUN_MIN) {
      flush()
      lines.push(`${hex}*${run}`)
    } else line.push(hex)
    if (line.length === LINE_BYTES) flush()
    at += run >= RUN_MIN ? run : 1
  }
  flush()
  return lines
}

const PATTERN_BYTES = 256

/** How often the 256 bytes at `at` follow themselves, where they are no run and do so at least eight times; else 1. */
function patternAt(bytes, at) {
  if (bytes.length - at < 8 * PATTERN_BYTES || runAt(bytes, at) >= PATTERN_BYTES) return 1
  let end = at + PATTERN_BYTES
  while (end < bytes.length && bytes[end] === bytes[end - PATTERN_BYTES]) end++
  const times = Math.floor((end - at) / PATTERN_BYTES)
  return times >= 8 ? times : 1
}

/** How often the byte at `at` follows itself, itself included. */
export function runAt(bytes, at) {
  let end = at + 1
  while (end < bytes.length && bytes[end] === bytes[at]) end++
  return end - at
}
