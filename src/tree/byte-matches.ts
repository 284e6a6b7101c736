/** Copies to the byte (spec §7.4.1): what new bytes share with a stretch of an old file, found where chunks are too coarse. Pure. */
import { LITERAL, type Range } from './recipe.ts'

/** A match of fewer bytes costs more as a range than as literal bytes; how many they are depends on how those compress. */
export type MatchMin = {
  /** Anywhere in the stretch. */
  found: number
  /** Where the match goes on where the last one would have, had the bytes between not changed. */
  resumed: number
}

/** @param ratio what compression leaves of such bytes, at most 1 */
export function matchMinFor(ratio: number): MatchMin {
  return {
    found: Math.round(Math.min(64, Math.max(16, 12 / ratio))),
    resumed: Math.round(Math.min(24, Math.max(8, 5 / ratio))),
  }
}

const HASH_BYTES = 8
const TABLE_BITS = 20

/** A stretch of an old file that new bytes are compared with. */
export class OldStretch {
  readonly file: number
  /** Where the stretch starts in the file. */
  readonly start: number
  readonly bytes: Uint8Array
  /** A position for each hash, plus 1; 0 where there is none. */
  readonly #table = new Int32Array(2 ** TABLE_BITS)

  constructor(file: number, start: number, bytes: Uint8Array) {
    this.file = file
    this.start = start
    this.bytes = bytes
    for (let at = bytes.length - HASH_BYTES; at >= 0; at--) this.#table[hashAt(bytes, at)] = at + 1
  }

  /** A position in the stretch whose bytes may be those at `at`, or -1. */
  find(bytes: Uint8Array, at: number): number {
    return this.#table[hashAt(bytes, at)]! - 1
  }
}

function hashAt(b: Uint8Array, at: number): number {
  const low = b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24)
  const high = b[at + 4]! | (b[at + 5]! << 8) | (b[at + 6]! << 16) | (b[at + 7]! << 24)
  return (Math.imul(low, 0x9e3779b1) + Math.imul(high, 0x85ebca77)) >>> (32 - TABLE_BITS)
}

/**
 * The ranges that make `fresh`: copies from the stretch, literals between them.
 * @param expected where in the old file it would go on if nothing had changed before
 */
export function matchBytes(fresh: Uint8Array, old: OldStretch, expected: number, least: MatchMin): Range[] {
  const ranges: Range[] = []
  const last = fresh.length - HASH_BYTES
  let begun = 0
  let diagonal = expected - old.start
  for (let at = 0; at <= last; ) {
    const resumed = at + diagonal
    let from = resumed
    let length = lengthOfMatch(fresh, at, old.bytes, resumed)
    if (length < least.resumed) {
      from = old.find(fresh, at)
      length = from < 0 ? 0 : lengthOfMatch(fresh, at, old.bytes, from)
      if (length < least.found && at + length < fresh.length) length = 0
    }
    if (length < least.resumed) {
      at++
      continue
    }
    let back = 0
    while (at - back > begun && from - back > 0 && fresh[at - back - 1] === old.bytes[from - back - 1]) back++
    if (at - back > begun) ranges.push({ file: LITERAL, offset: 0, length: at - back - begun })
    ranges.push({ file: old.file, offset: old.start + from - back, length: length + back })
    at += length
    begun = at
    diagonal = from + length - at
  }
  if (begun < fresh.length) ranges.push({ file: LITERAL, offset: 0, length: fresh.length - begun })
  return ranges
}

/** Bytes that are equal from a[i] and b[j] on. */
function lengthOfMatch(a: Uint8Array, i: number, b: Uint8Array, j: number): number {
  if (j < 0) return 0
  const max = Math.min(a.length - i, b.length - j)
  let length = 0
  while (length < max && a[i + length] === b[j + length]) length++
  return Math.max(0, length)
}
