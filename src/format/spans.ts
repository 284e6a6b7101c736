/** Where the values of a record stand in its bytes, for the view of bytes. Pure; the record was decoded before. */
import { assert } from '../base/assert.ts'

export type Span = {
  /** Names of the fields that lead to the value, `after` and `mode` say; empty for the record's own name. */
  path: readonly string[]
  /** Where the value begins with its tag. */
  at: number
  end: number
  /** The value; of a map or an array only how many elements it has. */
  value: number | string | true | Uint8Array | { mapOf: number } | { arrayOf: number }
}

/** The name and the values of the canonical record that is `bytes`, in the order in which they stand. */
export function spansOf(bytes: Uint8Array): Span[] {
  const spans: Span[] = []
  const nameEnd = walk(bytes, 1, [], spans)
  // The array that holds name and fields is shown with the name.
  spans[0] = { ...spans[0]!, at: 0 }
  assert(walk(bytes, nameEnd, [], spans) === bytes.length)
  return spans
}

/** Adds the value at `at` and those in it; gives where it ends. */
function walk(bytes: Uint8Array, at: number, path: readonly string[], spans: Span[]): number {
  const { kind, length, bodyAt } = readTag(bytes, at)
  if (kind === 'map' || kind === 'array') {
    spans.push({ path, at, end: bodyAt, value: kind === 'map' ? { mapOf: length } : { arrayOf: length } })
    let next = bodyAt
    for (let i = 0; i < length; i++) {
      const key = kind === 'map' ? readTag(bytes, next) : null
      const name = key === null ? String(i) : textAt(bytes, key.bodyAt, key.length)
      next = walk(bytes, key === null ? next : key.bodyAt + key.length, [...path, name], spans)
    }
    return next
  }
  const end = bodyAt + (kind === 'bytes' || kind === 'text' ? length : 0)
  const value =
    kind === 'bytes'
      ? bytes.subarray(bodyAt, end)
      : kind === 'text'
        ? textAt(bytes, bodyAt, length)
        : kind === 'true' || length
  spans.push({ path, at, end, value })
  return end
}

type Tag = { kind: 'map' | 'array' | 'text' | 'bytes' | 'number' | 'true'; length: number; bodyAt: number }

/** A tag with its length, or with its value where it is a number. */
function readTag(bytes: Uint8Array, at: number): Tag {
  const tag = bytes[at]!
  if (tag <= 0x7f) return { kind: 'number', length: tag, bodyAt: at + 1 }
  if (tag <= 0x8f) return { kind: 'map', length: tag & 15, bodyAt: at + 1 }
  if (tag <= 0x9f) return { kind: 'array', length: tag & 15, bodyAt: at + 1 }
  if (tag <= 0xbf) return { kind: 'text', length: tag & 31, bodyAt: at + 1 }
  if (tag === 0xc3) return { kind: 'true', length: 0, bodyAt: at + 1 }
  const [kind, width] = sized[tag] ?? ['number', 0]
  assert(width > 0, 'a tag that records do not use')
  let length = 0
  for (let i = 1; i <= width; i++) length = length * 256 + bytes[at + i]!
  return { kind, length, bodyAt: at + 1 + width }
}

/** Tags that a length or a number of so many bytes follows. */
const sized: Readonly<Record<number, [kind: Tag['kind'], width: number]>> = {
  196: ['bytes', 1],
  197: ['bytes', 2],
  198: ['bytes', 4],
  204: ['number', 1],
  205: ['number', 2],
  206: ['number', 4],
  217: ['text', 1],
  218: ['text', 2],
  219: ['text', 4],
  220: ['array', 2],
  222: ['map', 2],
}

function textAt(bytes: Uint8Array, at: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, length).toString('utf8')
}
