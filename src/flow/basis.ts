/**
 * Recipes made finer where the old tree itself can be read (spec §7.4.1): literals are compared with the bytes around the
 * copies beside them. Old files are used only where they still have the content that the old snapshot says.
 */
import { Limits } from '../base/constants.ts'
import type { OldTree } from '../host/old-tree.ts'
import { zstdRatio } from '../host/zstd.ts'
import { type MatchMin, matchBytes, matchMinFor, OldStretch } from '../tree/byte-matches.ts'
import { wordsOf } from '../tree/chunk-index.ts'
import { append, LITERAL, type Range, withinLimit } from '../tree/recipe.ts'
import { type OldFiles, placeOf } from './old-files.ts'
import type { Readable } from './readable.ts'

/** Old bytes that are looked at together, and how many of them before the place where they are expected. */
const STRETCH_BYTES = 4 << 20
const LEAD_BYTES = 1 << 20
/** Old bytes behind the expected place that have to be in the stretch, besides as many as there are literals. */
const TRAIL_BYTES = 64 << 10
/** Literals are compared in pieces. */
const PIECE_BYTES = 1 << 20
const SAMPLE_BYTES = 64 << 10

export class BasisMatcher {
  readonly #tree: OldTree
  readonly #old: OldFiles
  #stretch: OldStretch | null = null
  #least: MatchMin = matchMinFor(1)
  readonly #isTrue = new Map<number, boolean>()

  constructor(tree: OldTree, old: OldFiles) {
    this.#tree = tree
    this.#old = old
  }

  /**
   * The ranges with what literals share with old files.
   * @param preferred the old file to compare with where no copy is near; LITERAL for none
   */
  refine(content: Readable, ranges: readonly Range[], preferred: number): Range[] {
    const refined: Range[] = []
    this.#least = matchMinFor(zstdRatio(content.read(0, Math.min(content.size, SAMPLE_BYTES))))
    let at = 0
    for (const [k, range] of ranges.entries()) {
      if (range.file !== LITERAL || range.length < this.#least.resumed) append(refined, { ...range })
      else this.#refineLiteral(content, at, range.length, refined, ranges[k + 1] ?? null, preferred)
      at += range.length
    }
    return withinLimit(refined, Limits.recipeRangesMax)
  }

  #refineLiteral(
    content: Readable,
    start: number,
    length: number,
    refined: Range[],
    next: Range | null,
    preferred: number,
  ): void {
    for (let done = 0; done < length; ) {
      const fresh = content.read(start + done, Math.min(length - done, PIECE_BYTES))
      const place = this.#expectedPlace(refined.findLast(isCopy) ?? null, next, length - done, preferred)
      const stretch = place === null ? null : this.#stretchAt(place.file, place.offset, fresh.length)
      if (stretch === null) append(refined, { file: LITERAL, offset: 0, length: fresh.length })
      else for (const part of matchBytes(fresh, stretch, place!.offset, this.#least)) append(refined, part)
      done += fresh.length
    }
  }

  /** Where the new bytes would be in an old file: behind the copy before, else before the copy behind, else at its start. */
  #expectedPlace(last: Range | null, next: Range | null, length: number, preferred: number) {
    if (last !== null && this.#isUsable(last.file)) return { file: last.file, offset: last.offset + last.length }
    if (next !== null && next.file !== LITERAL && this.#isUsable(next.file))
      return { file: next.file, offset: Math.max(0, next.offset - length) }
    return preferred !== LITERAL && this.#isUsable(preferred) ? { file: preferred, offset: 0 } : null
  }

  /** Whether an old file has what the snapshot says: read once. */
  #isUsable(file: number): boolean {
    const known = this.#isTrue.get(file)
    if (known !== undefined) return known
    const { from, path } = placeOf(this.#old, file)
    const id = from === 'before' ? this.#tree.hash(path) : null
    const isTrue = id !== null && this.#old.index.has(this.#old.wholes[file]!, wordsOf(id.slice(0, 16)), 0)
    this.#isTrue.set(file, isTrue)
    return isTrue
  }

  #stretchAt(file: number, offset: number, length: number): OldStretch | null {
    const held = this.#stretch
    if (held !== null && held.file === file && held.start <= Math.max(0, offset - TRAIL_BYTES)) {
      const end = held.start + held.bytes.length
      if (offset + length + TRAIL_BYTES <= end || held.bytes.length < STRETCH_BYTES) return held
    }
    const start = Math.max(0, offset - LEAD_BYTES)
    const bytes = new Uint8Array(STRETCH_BYTES)
    const count = this.#tree.read(placeOf(this.#old, file).path, start, bytes)
    this.#stretch = count === 0 ? null : new OldStretch(file, start, bytes.subarray(0, count))
    return this.#stretch
  }
}

function isCopy({ file }: Range): boolean {
  return file !== LITERAL
}
