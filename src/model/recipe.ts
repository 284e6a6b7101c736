/** What is asked and counted of a recipe. */
import { Limits } from '../base/constants.ts'
import type { CopyRange, Recipe, RecipeRange } from './item.ts'

/** True where a range has its bytes from a file. */
export function isCopy(range: RecipeRange): range is CopyRange {
  return range.from === 'before' || range.from === 'after'
}

/** What a recipe is built of: the ranges of the content, and those of the dictionaries of its literals. */
export function* allRanges({ ranges, squeezes }: Recipe): Generator<RecipeRange> {
  yield* ranges
  for (const squeeze of squeezes) yield* squeeze.ranges
}

/** How many these are. */
export function rangeCount({ ranges, squeezes }: Recipe): number {
  return squeezes.reduce((sum, squeeze) => sum + squeeze.ranges.length, ranges.length)
}

/** Bytes of the content `literals`, which are those of the literal ranges or what those are squeezed to. */
export function literalsBytes({ ranges, squeezes }: Recipe): number {
  if (squeezes.length > 0) return squeezes.reduce((sum, { bytes }) => sum + bytes, 0)
  return bytesFrom('literal', ranges)
}

/** Bytes of the ranges that come from there. */
export function bytesFrom(source: RecipeRange['from'], ranges: readonly RecipeRange[]): number {
  return ranges.reduce((sum, { from, length }) => (from === source ? sum + length : sum), 0)
}

/** Bytes of the dictionaries of all parts. */
export function dictionariesBytes({ squeezes }: Recipe): number {
  return squeezes.reduce((sum, { ranges }) => sum + ranges.reduce((bytes, { length }) => bytes + length, 0), 0)
}

/** What they may be for a content of so many bytes: what reading takes is in proportion to what it makes. */
export function dictionariesBytesMax(size: number): number {
  return Limits.dictionariesBytesMin + Limits.dictionariesTimesMax * size
}
