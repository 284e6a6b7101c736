/**
 * Literals squeezed where the old tree itself can be read (spec §7.4.2): zstd gets the old bytes that lie where they would be
 * for a dictionary, and of new files what was sent before. Files are used only where they still have the content that the old
 * snapshot says, or that was sent.
 */
import { Limits } from '../../base/constants.ts'
import { isTrained, squeeze } from '../../host/native/zstd.ts'
import type { FileTree } from '../../host/walk/file-tree.ts'
import type { CopyRange, Squeeze } from '../../model/item.ts'
import { dictionariesBytesMax } from '../../model/recipe.ts'
import type { Range } from '../../tree/recipe.ts'
import { cutParts, type Part, type Stretch, widen } from '../../tree/stretches.ts'
import { isContentOf, type OldFiles, placeOf } from './old-files.ts'
import type { Readable } from './readable.ts'

/** The tree before, and the tree after, of which what was sent can be used. */
export type Trees = { before: FileTree; after: FileTree }

/** What literals become: the frames of their parts one after the other, and how each is made. */
export type Squeezed = { ranges: Range[]; squeezes: Squeeze[]; bytes: Uint8Array }

/** Literal bytes of a part, and old bytes beside which it is squeezed. What a reader must hold is more: the format's limits. */
const PART_BYTES = 2 << 20
const DICTIONARY_BYTES = 6 << 20
/** The most that is added around old bytes; less where there are many places. */
const MARGINS = [1 << 20, 256 << 10, 64 << 10, 16 << 10, 4 << 10]
const MARGIN_MIN = 1 << 10
/** Lower levels look up a large dictionary so thinly that they hardly find anything. */
const LEVEL_MIN = 9
/** Squeezed bytes of one content that are held. Where there are more, its literals are sent as they are. */
const HELD_BYTES_MAX = 64 << 20

export class Squeezer {
  readonly #trees: Trees
  readonly #old: OldFiles
  readonly #level: number
  readonly #isTrue = new Map<number, boolean>()

  constructor(trees: Trees, old: OldFiles, level: number) {
    this.#trees = trees
    this.#old = old
    this.#level = Math.max(level, LEVEL_MIN)
  }

  /**
   * The literals squeezed, with the ranges that go with that; null where there are no old bytes beside them, or too many.
   * @param preferred the old file to compare with where no copy is near; LITERAL for none
   */
  squeeze(content: Readable, found: readonly Range[], preferred: number): Squeezed | null {
    const limits = { partBytes: PART_BYTES, oldBytes: DICTIONARY_BYTES, margin: MARGIN_MIN }
    const { ranges, parts } = cutParts(found, preferred, (file) => this.#isUsable(file), limits)
    if (parts.every(({ stretches }) => stretches.length === 0)) return null
    const bytesMax = Math.min(DICTIONARY_BYTES, Math.floor(dictionariesBytesMax(content.size) / parts.length))
    const frames: Uint8Array[] = []
    const squeezes: Squeeze[] = []
    let held = 0
    let rangeCount = ranges.length
    for (const part of parts) {
      const { ranges: own, dictionary } = this.#dictionaryOf(part, bytesMax)
      const frame = squeeze(readPart(content, part), dictionary, this.#level)
      frames.push(frame)
      squeezes.push({ bytes: frame.length, ranges: own })
      held += frame.length
      rangeCount += own.length
      if (held > HELD_BYTES_MAX || rangeCount > Limits.recipeRangesMax) return null
    }
    return { ranges, squeezes, bytes: Buffer.concat(frames) }
  }

  /** As much of the old bytes as fits; none where not even the least of it does. */
  #dictionaryOf({ stretches }: Part, bytesMax: number): { ranges: CopyRange[]; dictionary: Uint8Array } {
    const margin = MARGINS.find((each) => bytesOf(widen(stretches, each)) <= bytesMax) ?? MARGIN_MIN
    const least = widen(stretches, margin)
    const wide = bytesOf(least) <= bytesMax ? least : []
    const dictionary = new Uint8Array(bytesOf(wide))
    const ranges: CopyRange[] = []
    let filled = 0
    for (const { file, start, end } of wide) {
      const { from, path } = placeOf(this.#old, file)
      const length = this.#trees[from].read(path, start, dictionary.subarray(filled, filled + end - start))
      if (length > 0) ranges.push({ from, path, offset: start, length })
      filled += length
    }
    const whole = dictionary.subarray(0, filled)
    return isTrained(whole) ? { ranges: [], dictionary: new Uint8Array(0) } : { ranges, dictionary: whole }
  }

  /** Whether a file has what the snapshot says, or what was sent of it: read once. */
  #isUsable(file: number): boolean {
    const known = this.#isTrue.get(file)
    if (known !== undefined) return known
    const { from, path } = placeOf(this.#old, file)
    const id = this.#trees[from].hash(path)
    const isTrue = id !== null && isContentOf(this.#old, file, id)
    this.#isTrue.set(file, isTrue)
    return isTrue
  }
}

function bytesOf(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { start, end }) => sum + end - start, 0)
}

function readPart(content: Readable, { pieces, length }: Part): Uint8Array {
  const raw = new Uint8Array(length)
  let filled = 0
  for (const piece of pieces) {
    for (let done = 0; done < piece.length; ) {
      const bytes = content.read(piece.offset + done, piece.length - done)
      raw.set(bytes, filled)
      filled += bytes.length
      done += bytes.length
    }
  }
  return raw
}
