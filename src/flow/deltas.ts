/**
 * Contents sent as recipes (spec §7.4). Recipes wait for each other, and then for their literals, so that neither is alone in
 * its frame: a frame costs a hundred bytes.
 */
import { Limits } from '../base/constants.ts'
import { createHasher } from '../host/blake3.ts'
import type { OldTree } from '../host/old-tree.ts'
import type { Item, Recipe } from '../model/item.ts'
import { compareBytes } from '../model/path.ts'
import { literalBytes, type Range } from '../tree/recipe.ts'
import { BasisMatcher } from './basis.ts'
import { addSent, ContentError, findRanges, isWorthwhile, literalPieces, type NewChunks, recipeOf } from './delta.ts'
import type { OldFiles } from './old-files.ts'
import type { Basis, Readable } from './readable.ts'

/** A content of fewer bytes is sent: a recipe would be no shorter. */
const SIZE_MIN = 256
/** Recipes that wait at most. */
const QUEUE_MAX = 2048

export class Deltas {
  readonly #old: OldFiles
  readonly #matcher: BasisMatcher | null
  #queue: { recipe: Recipe; literals: Uint8Array | null }[] = []
  #queuedBytes = 0
  #queuedRanges = 0
  #fresh: NewChunks = { words: [], offsets: [] }

  /** @param tree the old tree, where it can be read; stays the caller's */
  constructor(old: OldFiles, tree: OldTree | null) {
    this.#old = old
    this.#matcher = tree === null ? null : new BasisMatcher(tree, old)
  }

  /**
   * Sends a content as a recipe, or has it wait, where that is shorter than its bytes. Answers whether it is.
   * @throws ContentError where the content is not what its id says, and what reading it throws
   */
  *send(content: Readable, basis: Basis): Generator<Item, boolean> {
    this.#fresh = { words: [], offsets: [] }
    if (content.size < SIZE_MIN) return false
    const ranges = findRanges(content, basis, this.#old, this.#matcher, this.#fresh)
    if (!isWorthwhile(content, ranges)) return false
    const recipe = recipeOf(content, ranges, this.#old)
    // ORDER: what is copied from the tree after must be there; a recipe without literals does not wait for those before it.
    const isAtOnce = recipe.literals.length === 0 && recipe.ranges.some(({ from }) => from === 'after')
    if (isAtOnce || this.#queuedRanges + ranges.length > Limits.recipeRangesMax) yield* this.flush()
    if (literalBytes(ranges) > Limits.pieceBytesMax) {
      yield* this.flush()
      yield* sendNow(content, recipe, ranges)
      return true
    }
    const [literals] = literalPieces(content, ranges)
    this.#queue.push({ recipe, literals: literals ?? null })
    this.#queuedBytes += literals?.length ?? 0
    this.#queuedRanges += ranges.length
    if (this.#queuedBytes >= Limits.contentGroupBytes || this.#queue.length === QUEUE_MAX) yield* this.flush()
    return true
  }

  /** Says that the content that was given last was sent, as a recipe or not, and where it will be in the tree after. */
  noteSent(path: Uint8Array): void {
    addSent(this.#old, path, this.#fresh)
  }

  /** Sends what waits. */
  *flush(): Generator<Item> {
    const queue = this.#queue
    this.#queue = []
    this.#queuedBytes = 0
    this.#queuedRanges = 0
    for (const { recipe } of queue) yield { kind: 'recipe', recipe }
    for (const { recipe, literals } of queue) {
      if (literals === null) continue
      yield {
        kind: 'content',
        piece: { id: recipe.literals, size: literals.length, offset: 0, bytes: literals },
        isVerified: false,
      }
    }
  }
}

/** Too many literal bytes to keep: they are read again. */
function* sendNow(content: Readable, recipe: Recipe, ranges: readonly Range[]): Generator<Item> {
  yield { kind: 'recipe', recipe }
  const size = literalBytes(ranges)
  const hasher = createHasher()
  let offset = 0
  try {
    for (const bytes of literalPieces(content, ranges)) {
      hasher.update(bytes)
      // RACE: what changed since it was hashed is noticed with the last piece, which is then not sent.
      const isLast = offset + bytes.length === size
      if (isLast && compareBytes(hasher.finish(), recipe.literals) !== 0) throw new ContentError('content')
      yield { kind: 'content', piece: { id: recipe.literals, size, offset, bytes }, isVerified: false }
      offset += bytes.length
    }
  } catch (error) {
    if (error instanceof ContentError) error.isBegun = true
    throw error
  }
}
