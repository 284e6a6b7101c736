/** Holes of a sparse file as one byte string (spec §5.6): offset and length (u64, little-endian each), ascending. */
import { Limits } from '../base/constants.ts'

export type Hole = { offset: number; length: number }

const HOLE_BYTES = 16

/** The byte string of ascending holes; those beyond Limits.holesMax are left out. */
export function encodeHoles(holes: Hole[]): Uint8Array {
  const kept = holes.slice(0, Limits.holesMax)
  const bytes = Buffer.alloc(kept.length * HOLE_BYTES)
  kept.forEach(({ offset, length }, i) => {
    bytes.writeBigUInt64LE(BigInt(offset), i * HOLE_BYTES)
    bytes.writeBigUInt64LE(BigInt(length), i * HOLE_BYTES + 8)
  })
  return bytes
}

/** The holes of a byte string that checkHoles accepts. */
export function decodeHoles(bytes: Uint8Array): Hole[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const holes: Hole[] = []
  for (let at = 0; at < bytes.length; at += HOLE_BYTES) {
    holes.push({ offset: Number(view.getBigUint64(at, true)), length: Number(view.getBigUint64(at + 8, true)) })
  }
  return holes
}

/** True for holes that are not empty, ascend with data between them, and end within `size`. */
export function checkHoles(bytes: Uint8Array, size: number): boolean {
  if (bytes.length % HOLE_BYTES !== 0 || bytes.length > Limits.holesMax * HOLE_BYTES) return false
  let end = -1
  for (const { offset, length } of decodeHoles(bytes)) {
    if (offset <= end || length === 0 || offset + length > size) return false
    end = offset + length
  }
  return true
}

/** Index of the first of ascending holes that ends behind an offset. */
export function firstHoleBehind(holes: readonly Hole[], offset: number): number {
  let low = 0
  let high = holes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holes[middle]!.offset + holes[middle]!.length <= offset) low = middle + 1
    else high = middle
  }
  return low
}

/** How many bytes from an offset are alike: all in one hole, or none in any. */
export function stretchAt(holes: readonly Hole[], offset: number, size: number): { isHole: boolean; length: number } {
  const hole = holes[firstHoleBehind(holes, offset)]
  if (hole === undefined) return { isHole: false, length: size - offset }
  if (hole.offset > offset) return { isHole: false, length: hole.offset - offset }
  return { isHole: true, length: hole.offset + hole.length - offset }
}
