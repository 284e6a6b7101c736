/**
 * Recipes from chunk lists (spec §7.4): which ranges of a new content are in old files, without a byte of either. Pure.
 *
 * How it is meant to be used. A snapshot with chunks says of each old file how it was cut. Chunks compare only with chunks that
 * were cut by the same rule, and the rule follows from a file's size (chunker.ts): so whoever has the new bytes cuts them
 * by the rule of the file that they are compared with, the old file at the same path or the origin of a move first, and what is
 * left over by the rules of the others. Wrong guesses cost bytes: the result is verified by its id.
 */
import { Limits } from '../base/constants.ts'
import { type Hole, stretchAt } from '../model/holes.ts'
import { type ChunkIndex, type ChunkList, wordsOf } from './chunk-index.ts'

/** A range of the new content, in order: copied from `offset` of old file `file`; or LITERAL, that is sent; or ZEROS. */
export type Range = { file: number; offset: number; length: number }

export const LITERAL = -1
export const ZEROS = -2

/** Finds the ranges of a content whose chunks come one after the other. */
export class RangeFinder {
  readonly #index: ChunkIndex
  readonly #file: number
  #ranges: Range[] = []
  #follower = -1

  /** @param file the old file that copies should come from if they can; LITERAL where there is no such file */
  constructor(index: ChunkIndex, file: number) {
    this.#index = index
    this.#file = file
  }

  /** The next chunk. Ids are words as `wordsOf` makes them, `j` which of them. Answers whether it is known. */
  add(words: Uint32Array, j: number, length: number): boolean {
    const index = this.#index
    const ranges = this.#ranges
    // What follows in the old file is preferred: one long range rather than many short ones.
    const follower = this.#follower
    const isNext = follower >= 0 && index.has(follower, words, j) && index.fileAt(follower) === ranges.at(-1)!.file
    const entry = isNext ? follower : index.find(words, j, this.#file)
    if (entry < 0) append(ranges, { file: LITERAL, offset: 0, length })
    else append(ranges, { file: index.fileAt(entry), offset: index.offsetAt(entry), length })
    this.#follower = entry < 0 ? -1 : entry + 1
    if (ranges.length > HELD_RANGES_MAX) this.#ranges = withinLimit(ranges, Limits.recipeRangesMax)
    return entry >= 0
  }

  /** The ranges of the chunks that came; their lengths add up. */
  take(): Range[] {
    return withinLimit(this.#ranges, Limits.recipeRangesMax)
  }
}

/** More are not held, however long a file is. */
const HELD_RANGES_MAX = 4 * Limits.recipeRangesMax

/**
 * The ranges that make a content of these chunks; their lengths add up to its size.
 * @param file the old file that copies should come from if they can; LITERAL where there is no such file
 */
export function rangesOf(chunks: ChunkList, index: ChunkIndex, file: number): Range[] {
  const words = wordsOf(chunks.ids)
  const finder = new RangeFinder(index, file)
  for (let j = 0; j < chunks.ends.length; j++)
    finder.add(words, j, chunks.ends[j]! - (j === 0 ? 0 : chunks.ends[j - 1]!))
  return finder.take()
}

/** Bytes of the content that have to be sent. */
export function literalBytes(ranges: readonly Range[]): number {
  return ranges.reduce((sum, range) => (range.file === LITERAL ? sum + range.length : sum), 0)
}

/** A shorter run of zeros is sent: it is compressed to about what a range costs. */
const ZEROS_MIN = 64 << 10

/** The ranges with zeros for what is literal and in a hole. */
export function withZeros(ranges: readonly Range[], holes: readonly Hole[]): Range[] {
  const result: Range[] = []
  let left = Limits.zerosBytesMax
  let at = 0
  for (const { file, offset, length } of ranges) {
    if (file !== LITERAL) append(result, { file, offset, length })
    for (let done = 0; file === LITERAL && done < length; ) {
      const stretch = stretchAt(holes, at + done, at + length)
      const isZeros = stretch.isHole && stretch.length >= ZEROS_MIN && stretch.length <= left
      const part = Math.min(stretch.length, length - done)
      append(result, { file: isZeros ? ZEROS : LITERAL, offset: 0, length: part })
      if (isZeros) left -= part
      done += part
    }
    at += length
  }
  return result
}

/** Adds a range behind the others, as one with the last where it goes on. */
export function append(ranges: Range[], range: Range): void {
  const last = ranges.at(-1)
  const goesOn =
    last !== undefined && last.file === range.file && (range.file < 0 || last.offset + last.length === range.offset)
  if (goesOn) last.length += range.length
  else ranges.push(range)
}

/** Sends copies along where there are more ranges than a recipe may have: the shortest, and no more than it takes. */
export function withinLimit(ranges: Range[], countMax: number): Range[] {
  let result = ranges
  for (let lengthMin = 1024; result.length > countMax; lengthMin *= 2) {
    const merged: Range[] = []
    let excess = result.length - countMax
    for (const { file, offset, length } of result) {
      const count = merged.length
      append(merged, excess > 0 && length < lengthMin ? { file: LITERAL, offset: 0, length } : { file, offset, length })
      if (merged.length === count) excess--
    }
    result = merged
  }
  return result
}
