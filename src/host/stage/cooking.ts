/**
 * A content built by its recipe (spec §7.4), range by range: copied from files, zeros, and literal bytes that come piece by piece
 * behind the recipe. Where the bytes go is the caller's.
 */
import type { ContentPiece, CopyRange, Recipe, RecipeRange } from '../../model/item.ts'
import { compareBytes } from '../../model/path.ts'
import { readAt, readBuffer } from '../entry/see.ts'
import { forZeros } from '../entry/zeros.ts'
import { libc } from '../native/libc.ts'
import { type ReadRange, SqueezedParts } from './squeezed-parts.ts'

/** Opens the file that a range copies from; -1 where there is none. */
export type OpenRange = (range: CopyRange) => number

/** A recipe that is being followed. */
export type Cooking = {
  open: OpenRange
  append: (bytes: Uint8Array) => void
  literals: Uint8Array
  ranges: RecipeRange[]
  /** Present range, and the bytes of it that are done. */
  next: number
  done: number
  /** What makes literal bytes of those that come; null where they are it. */
  parts: SqueezedParts | null
}

/** `waiting`: literals are still to come. `failed`: a file to copy from is not what the recipe was made for. */
export type Progress = 'done' | 'waiting' | 'failed'

/**
 * Starts on a recipe; goOn makes the first of it.
 * @param append is given the bytes of the content in order
 */
export function startCooking(
  { ranges, squeezes, literals }: Recipe,
  open: OpenRange,
  append: Cooking['append'],
): Cooking {
  const read: ReadRange = (range, use) => readRange(open, range, use)
  const parts = squeezes.length > 0 ? new SqueezedParts(squeezes, read) : null
  return { open, append, literals: literals.slice(), ranges, next: 0, done: 0, parts }
}

/** True where a piece belongs to the literals. */
export function isLiteral({ literals }: Cooking, piece: ContentPiece): boolean {
  return compareBytes(literals, piece.id) === 0
}

/** Copies until literals are needed, or all is there. @throws HostError */
export function goOn(cooking: Cooking): Progress {
  if (!copyRanges(cooking)) return 'failed'
  return cooking.next < cooking.ranges.length ? 'waiting' : 'done'
}

/** Takes the next bytes of the content that the literals come in. @throws HostError */
export function takeLiteral(cooking: Cooking, bytes: Uint8Array): Progress {
  const use = (literal: Uint8Array): boolean => fill(cooking, literal)
  const fits = cooking.parts === null ? use(bytes) : cooking.parts.take(bytes, use)
  return fits ? goOn(cooking) : 'failed'
}

/** Literal bytes into the literal ranges; copies between them are made. False where they do not fit. */
function fill(cooking: Cooking, bytes: Uint8Array): boolean {
  let rest = bytes
  while (rest.length > 0) {
    if (!copyRanges(cooking)) return false
    const range = cooking.ranges[cooking.next]
    if (range === undefined) return false
    const part = rest.subarray(0, range.length - cooking.done)
    cooking.append(part)
    rest = rest.subarray(part.length)
    cooking.done += part.length
    if (cooking.done < range.length) continue
    cooking.next++
    cooking.done = 0
  }
  return true
}

/** False where a range cannot be copied. */
function copyRanges(cooking: Cooking): boolean {
  for (; cooking.next < cooking.ranges.length; cooking.next++) {
    const range = cooking.ranges[cooking.next]!
    if (range.from === 'literal') return true
    if (range.from === 'zeros') forZeros(range.length, cooking.append)
    else if (!readRange(cooking.open, range, cooking.append)) return false
  }
  return true
}

/** Reads a range in pieces. False where it is not all there. */
function readRange(open: OpenRange, range: CopyRange, use: (bytes: Uint8Array) => void): boolean {
  const fd = open(range)
  if (fd === -1) return false
  try {
    const { bytes, address } = readBuffer()
    for (let done = 0; done < range.length; ) {
      const size = Math.min(bytes.length, range.length - done)
      const length = readAt(fd, address, size, range.offset + done, range.path)
      if (length === 0) return false
      use(bytes.subarray(0, length))
      done += length
    }
    return true
  } finally {
    libc.close(fd)
  }
}
