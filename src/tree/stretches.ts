/**
 * Which old bytes lie where the literals of a recipe would be in the files of the tree before, had nothing changed (spec
 * §7.4.2): what a part of the literals is squeezed against. Pure.
 */
import { append, LITERAL, type Range } from './recipe.ts'

/** Bytes from `start` to `end` of an old file. */
export type Stretch = { file: number; start: number; end: number }

/** Literal bytes that are squeezed together: from `offset` of the content on, where the ranges between are not counted. */
export type Part = { pieces: { offset: number; length: number }[]; length: number; stretches: Stretch[] }

/** A copy of fewer bytes is squeezed with the literals: a sequence of zstd costs less than a range. */
const COPY_MIN = 32 << 10
/** A long literal is looked at in pieces, each with its own old bytes. */
const PIECE_BYTES = 128 << 10
/** Old bytes in the place of a literal that are more than this, and than the literal four times, are not. */
const GAP_MAX = 64 << 10

export type PartLimits = {
  /** Literal bytes of one part. */
  partBytes: number
  /** Old bytes that a part may have, with the margin. */
  oldBytes: number
  /** What will be added on both sides of each stretch at least. */
  margin: number
}

/**
 * The ranges with short copies among the literals, and the parts of those.
 * @param preferred the old file to look at where no copy is near; LITERAL for none
 * @param isUsable says whether an old file can be read
 */
export function cutParts(
  ranges: readonly Range[],
  preferred: number,
  isUsable: (file: number) => boolean,
  limits: PartLimits,
): { ranges: Range[]; parts: Part[] } {
  const merged: Range[] = []
  const parts: Part[] = []
  let oldBytes = 0

  function add(offset: number, length: number, stretches: Stretch[]): void {
    const more = stretches.reduce((sum, { start, end }) => sum + end - start + 2 * limits.margin, 0)
    let part = parts.at(-1)
    if (part === undefined || part.length + length > limits.partBytes || oldBytes + more > limits.oldBytes) {
      part = { pieces: [], length: 0, stretches: [] }
      parts.push(part)
      oldBytes = 0
    }
    part.pieces.push({ offset, length })
    part.length += length
    part.stretches.push(...stretches)
    oldBytes += more
  }

  let at = 0
  for (const [k, range] of ranges.entries()) {
    const { file, offset, length } = range
    const isLiteral = file === LITERAL
    if (isLiteral || (file >= 0 && length < COPY_MIN && isUsable(file))) {
      append(merged, { file: LITERAL, offset: 0, length })
      const gap = gapOf(ranges, k, preferred, isUsable)
      for (let done = 0; done < length; done += PIECE_BYTES) {
        const piece = Math.min(PIECE_BYTES, length - done)
        const own = { file, start: offset + done, end: offset + done + piece }
        add(at + done, piece, isLiteral ? stretchesOf(gap, done, piece) : [own])
      }
    } else append(merged, { file, offset, length })
    at += length
  }
  return { ranges: merged, parts }
}

/** Where a literal of `length` bytes would begin in one old file, and where it would end in another or the same. */
type Gap = {
  length: number
  from: { file: number; offset: number } | null
  to: { file: number; offset: number } | null
}

function gapOf(ranges: readonly Range[], k: number, preferred: number, isUsable: (file: number) => boolean): Gap {
  const { length } = ranges[k]!
  const before = ranges[k - 1]
  const after = ranges[k + 1]
  let from = null
  let to = null
  if (before !== undefined && before.file >= 0 && isUsable(before.file))
    from = { file: before.file, offset: before.offset + before.length }
  if (after !== undefined && after.file >= 0 && isUsable(after.file)) to = { file: after.file, offset: after.offset }
  const isAtStart = before === undefined && (to === null || to.file === preferred)
  if (from === null && (to === null || isAtStart) && preferred !== LITERAL && isUsable(preferred))
    from = { file: preferred, offset: 0 }
  return { length, from, to }
}

/** Old bytes of the piece that begins `done` bytes behind the beginning of the literal. */
function stretchesOf({ length, from, to }: Gap, done: number, piece: number): Stretch[] {
  if (from !== null && to !== null && from.file === to.file) {
    const old = to.offset - from.offset
    if (old >= 0 && old <= Math.max(4 * length, GAP_MAX)) {
      const place = (n: number): number => from.offset + Math.round((n * old) / length)
      return [{ file: from.file, start: place(done), end: place(done + piece) }]
    }
  }
  const stretches: Stretch[] = []
  if (from !== null) stretches.push({ file: from.file, start: from.offset + done, end: from.offset + done + piece })
  const start = to === null ? 0 : to.offset - length + done
  if (to !== null && start + piece > 0) stretches.push({ file: to.file, start: Math.max(0, start), end: start + piece })
  return stretches
}

/** The stretches with `margin` bytes more on both sides, in order, those that touch as one. */
export function widen(stretches: readonly Stretch[], margin: number): Stretch[] {
  const wide = stretches.map(({ file, start, end }) => ({
    file,
    start: Math.max(0, start - margin),
    end: end + margin,
  }))
  wide.sort((a, b) => a.file - b.file || a.start - b.start)
  const joined: Stretch[] = []
  for (const stretch of wide) {
    const last = joined.at(-1)
    if (last !== undefined && last.file === stretch.file && stretch.start <= last.end)
      last.end = Math.max(last.end, stretch.end)
    else joined.push(stretch)
  }
  return joined
}
