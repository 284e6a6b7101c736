/** What is counted of a recipe. */
import type { Recipe } from './item.ts'

/** Ranges of the content and of dictionaries. */
export function rangeCount({ ranges, squeezes }: Recipe): number {
  return squeezes.reduce((sum, squeeze) => sum + squeeze.ranges.length, ranges.length)
}

/** Bytes of the content `literals`, which are those of the literal ranges or what those are squeezed to. */
export function literalsBytes({ ranges, squeezes }: Recipe): number {
  if (squeezes.length > 0) return squeezes.reduce((sum, { bytes }) => sum + bytes, 0)
  return ranges.reduce((sum, { from, length }) => (from === 'literal' ? sum + length : sum), 0)
}
