/**
 * How to build a new content from files of the tree before, and from new ones that were sent (spec §7.4.2): the new bytes are
 * cut as the old files were, chunks that are known become copies, whatever is left is literal. No byte of the old files is read.
 */
import { Limits } from '../../base/constants.ts'
import { createHasher, hashBytes } from '../../host/native/blake3.ts'
import { zstdRatio } from '../../host/native/zstd.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import type { Recipe, RecipeRange } from '../../model/item.ts'
import { compareBytes } from '../../model/path.ts'
import { wordsOf } from '../../tree/chunk-index.ts'
import { chunkRule, chunkRuleFor } from '../../tree/chunker.ts'
import {
  append,
  LITERAL,
  literalBytes,
  type Range,
  RangeFinder,
  withinLimit,
  withZeros,
  ZEROS,
} from '../../tree/recipe.ts'
import { type ChunkHasher, createChunkHasher } from '../scan/chunk-lists.ts'
import { fileWith, type OldFiles, placeOf, type SentFile } from './old-files.ts'
import type { Basis, Readable } from './readable.ts'
import type { Squeezed } from './squeeze.ts'

/** Rules that a content is cut by at most, and beyond this size of what is left. */
const RULES_MAX = 4
const RULES_MAX_LARGE = 2
const LARGE_BYTES = 64 << 20

/** Chunks of a content that are not known: four words of id each, and where they start. */
export type NewChunks = { words: number[]; offsets: number[] }

/**
 * Ranges that make a content, as far as it is known; one literal range where nothing is.
 * @param fresh gets the chunks that are not known
 * @throws ContentError, and what reading throws
 */
export function findRanges(content: Readable, basis: Basis, old: OldFiles, fresh: NewChunks): Range[] {
  const whole = fileWith(old, content.id)
  if (whole >= 0) return [{ file: whole, offset: 0, length: content.size }]
  const preferred = preferredFile(basis, old)
  const [first, ...others] = rulesFor(content.size, basis, old)
  const search = { content, old, preferred, fresh }
  let ranges = withZeros(firstRanges(search, first), content.holes)
  for (const [n, bits] of others.entries()) {
    const left = literalBytes(ranges)
    if (left < 2 ** bits || n + 1 >= (left > LARGE_BYTES ? RULES_MAX_LARGE : RULES_MAX)) break
    ranges = refine(search, ranges, bits)
  }
  return withinLimit(ranges, Limits.recipeRangesMax)
}

/** The old file that copies should come from if they can; LITERAL where there is none. */
export function preferredFile(basis: Basis, old: OldFiles): number {
  return basis === null ? LITERAL : fileWith(old, basis.id)
}

/** The rule of the file at the place, that of a file of this size, then those of most chunks: each only where old files have it. */
function rulesFor(size: number, basis: Basis, old: OldFiles): number[] {
  const likely = [...(basis === null ? [] : [basis.size]), size].map((bytes) => chunkRuleFor(bytes).averageBits)
  return [...new Set([...likely.filter((bits) => old.rules.includes(bits)), ...old.rules])]
}

/** The content's bytes are not those of its id: the file changed since it was scanned. */
export class ContentError extends Error {
  /** Whether something of it was sent already. */
  isBegun = false
}

/** What is looked for where; `preferred` is the old file that copies should come from. */
type Search = { content: Readable; old: OldFiles; preferred: number; fresh: NewChunks }

/** Reads all of it, which also proves that it is what its id says. */
function firstRanges(search: Search, bits: number | undefined): Range[] {
  const { content } = search
  const finder = new RangeFinder(search.old.index, search.preferred)
  const chunks = bits === undefined ? null : createChunks(search, finder, bits, 0)
  const hasher = createHasher()
  readRange(content, 0, content.size, (bytes) => {
    hasher.update(bytes)
    chunks?.update(bytes)
  })
  chunks?.finish()
  if (compareBytes(hasher.finish(), content.id) !== 0) throw new ContentError('content')
  return chunks === null ? [{ file: LITERAL, offset: 0, length: content.size }] : finder.take()
}

/** Cuts what is literal by another rule. */
function refine(search: Search, ranges: Range[], bits: number): Range[] {
  const refined: Range[] = []
  let at = 0
  for (const range of ranges) {
    if (range.file !== LITERAL || range.length < 2 ** bits) append(refined, range)
    else {
      const finder = new RangeFinder(search.old.index, search.preferred)
      const chunks = createChunks(search, finder, bits, at)
      readRange(search.content, at, range.length, (bytes) => chunks.update(bytes))
      chunks.finish()
      for (const part of finder.take()) append(refined, part)
    }
    at += range.length
  }
  return refined
}

function createChunks({ fresh }: Search, finder: RangeFinder, bits: number, start: number): ChunkHasher {
  let at = start
  return createChunkHasher(chunkRule(bits), (length, id) => {
    const words = wordsOf(id)
    if (!finder.add(words, 0, length)) {
      fresh.words.push(words[0]!, words[1]!, words[2]!, words[3]!)
      fresh.offsets.push(at)
    }
    at += length
  })
}

/** Makes chunks known that were sent with a file of the tree after. */
export function addSent(old: OldFiles, file: SentFile, { words, offsets }: NewChunks): void {
  if (offsets.length === 0 || old.index.isFull) return
  const number = old.paths.ends.length + old.sent.length
  old.sent.push(file)
  const ids = Uint32Array.from(words)
  for (const [j, offset] of offsets.entries()) old.index.addChunk(number, ids, j, offset)
}

function readRange(content: Readable, offset: number, length: number, use: (bytes: Uint8Array) => void): void {
  for (let done = 0; done < length; ) {
    const bytes = content.read(offset + done, length - done)
    use(bytes)
    done += bytes.length
  }
}

/** What a recipe, a range of it and a part of its literals cost in the stream, about; and a content more than its bytes. */
const RECIPE_BYTES = 130
const RANGE_BYTES = 7
const PART_BYTES = 8
const CONTENT_BYTES = 45
const SAMPLE_BYTES = 64 << 10
/** What is saved by a level that takes its time, beside the quickest, which looks at the sample. */
const LEVEL_GAIN = 0.75

/** Whether the ranges are worth a recipe: shorter than the bytes, as far as a sample tells how those compress. */
export function isWorthwhile(content: Readable, ranges: readonly Range[]): boolean {
  const literal = literalBytes(ranges)
  if (literal === content.size) return false
  if (RECIPE_BYTES + RANGE_BYTES * ranges.length + literal < content.size / 32) return true
  const ratio = ratioOf(content)
  return recipeCost(ranges, ratio) < CONTENT_BYTES + content.size * ratio
}

/** Whether squeezed literals are the shortest way, beside the ranges as they were found and the content as it is. */
export function isSqueezeWorthwhile(content: Readable, found: readonly Range[], squeezed: Squeezed): boolean {
  const { ranges, squeezes, bytes } = squeezed
  const count = squeezes.reduce((sum, squeeze) => sum + squeeze.ranges.length, ranges.length)
  const cost = RECIPE_BYTES + RANGE_BYTES * count + PART_BYTES * squeezes.length + bytes.length
  const ratio = ratioOf(content) * LEVEL_GAIN
  return cost < Math.min(recipeCost(found, ratio), CONTENT_BYTES + content.size * ratio)
}

function ratioOf(content: Readable): number {
  return zstdRatio(content.read(0, Math.min(content.size, SAMPLE_BYTES)))
}

function recipeCost(ranges: readonly Range[], ratio: number): number {
  return RECIPE_BYTES + RANGE_BYTES * ranges.length + literalBytes(ranges) * ratio
}

/** A recipe, and the bytes of the content that its literals come in: their number, and they in pieces that belong to the caller. */
export type Delta = { recipe: Recipe; size: number; pieces(): Iterable<Uint8Array> }

/** The recipe of ranges. Reads the literal bytes for their id. */
export function deltaOf(content: Readable, found: readonly Range[], old: OldFiles): Delta {
  const { id, size } = content
  const literals = literalsId(content, found)
  const ranges = found.map((range) => toRecipeRange(range, old))
  const recipe = { id, size, literals, ranges, squeezes: [] }
  return { recipe, size: literalBytes(found), pieces: () => literalPieces(content, found) }
}

/** The recipe of squeezed literals. */
export function squeezedDelta(
  { id, size }: Readable,
  { ranges: found, squeezes, bytes }: Squeezed,
  old: OldFiles,
): Delta {
  const ranges = found.map((range) => toRecipeRange(range, old))
  const recipe = { id, size, literals: hashBytes(bytes), ranges, squeezes }
  return { recipe, size: bytes.length, pieces: () => piecesOf(bytes) }
}

function toRecipeRange({ file, offset, length }: Range, old: OldFiles): RecipeRange {
  if (file === LITERAL) return { from: 'literal', length }
  return file === ZEROS ? { from: 'zeros', length } : { ...placeOf(old, file), offset, length }
}

function literalsId(content: Readable, ranges: readonly Range[]): Uint8Array {
  if (literalBytes(ranges) === 0) return EMPTY
  const hasher = createHasher()
  forEachLiteral(content, ranges, (bytes) => hasher.update(bytes))
  return hasher.finish()
}

function forEachLiteral(content: Readable, ranges: readonly Range[], use: (bytes: Uint8Array) => void): void {
  let at = 0
  for (const { file, length } of ranges) {
    if (file === LITERAL) readRange(content, at, length, use)
    at += length
  }
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += Limits.pieceBytesMax) yield bytes.subarray(at, at + Limits.pieceBytesMax)
}

/** The literal bytes in pieces as long as a content's may be. */
function* literalPieces(content: Readable, ranges: readonly Range[]): Generator<Uint8Array> {
  let left = literalBytes(ranges)
  let piece = new Uint8Array(Math.min(left, Limits.pieceBytesMax))
  let filled = 0
  let at = 0
  for (const { file, length } of ranges) {
    for (let done = 0; file === LITERAL && done < length; ) {
      const bytes = content.read(at + done, Math.min(length - done, piece.length - filled))
      piece.set(bytes, filled)
      filled += bytes.length
      done += bytes.length
      if (filled < piece.length) continue
      yield piece
      left -= filled
      piece = new Uint8Array(Math.min(left, Limits.pieceBytesMax))
      filled = 0
    }
    at += length
  }
}
