/**
 * Contents sent as recipes (spec §7.4). Recipes wait for each other, and then for their literals, so that neither is alone in
 * its frame: a frame costs a hundred bytes.
 */
import { Limits } from '../../base/constants.ts'
import { createHasher } from '../../host/native/blake3.ts'
import type { Item, Recipe } from '../../model/item.ts'
import { compareBytes } from '../../model/path.ts'
import { rangeCount } from '../../model/recipe.ts'
import { literalBytes } from '../../tree/recipe.ts'
import { groupBytesAt } from '../stream/writer.ts'
import {
  addSent,
  ContentError,
  type Delta,
  deltaOf,
  findRanges,
  isSqueezeWorthwhile,
  isWorthwhile,
  type NewChunks,
  preferredFile,
  squeezedDelta,
} from './delta.ts'
import { fileWith, type OldFiles, type SentFile } from './old-files.ts'
import type { Basis, Readable } from './readable.ts'
import { Squeezer, type Trees } from './squeeze.ts'

/** A content of fewer bytes is sent: a recipe would be no shorter. */
const SIZE_MIN = 256
/** Recipes that wait at most. */
const QUEUE_MAX = 2048

export class Deltas {
  readonly #old: OldFiles
  readonly #squeezer: Squeezer | null
  #queue: { recipe: Recipe; literals: Uint8Array | null }[] = []
  readonly #queuedBytesMax: number
  #queuedBytes = 0
  #queuedRanges = 0
  #fresh: NewChunks = { words: [], offsets: [] }

  /**
   * @param trees the trees, where the one before can be read, too; stay the caller's
   * @param level zstd level of the stream, which literals are squeezed at
   */
  constructor(old: OldFiles, trees: Trees | null, level: number) {
    this.#old = old
    this.#queuedBytesMax = groupBytesAt(level)
    this.#squeezer = trees === null ? null : new Squeezer(trees, old, level)
  }

  /**
   * Whether the content, or something of it, may be in the tree before; otherwise only zeros are not sent. Where files are
   * known as wholes alone, and none of them is this one, it need not be looked through.
   */
  mayHave(id: Uint8Array): boolean {
    const { index, rules } = this.#old
    const isInParts = rules.length > 0 || this.#squeezer !== null
    return index.count > 0 && (isInParts || fileWith(this.#old, id) >= 0)
  }

  /**
   * Sends a content as a recipe, or has it wait, where that is shorter than its bytes. Answers whether it is.
   * @throws ContentError where the content is not what its id says, and what reading it throws
   */
  *send(content: Readable, basis: Basis): Generator<Item, boolean> {
    this.#fresh = { words: [], offsets: [] }
    if (content.size < SIZE_MIN) return false
    const delta = this.#deltaTo(content, basis)
    if (delta === null) return false
    const { recipe, size } = delta
    // ORDER: what is copied from the tree after must be there; a recipe without literals does not wait for those before it.
    const isAtOnce = recipe.literals.length === 0 && recipe.ranges.some(({ from }) => from === 'after')
    if (isAtOnce || this.#queuedRanges + rangeCount(recipe) > Limits.recipeRangesMax) yield* this.flush()
    if (size > Limits.pieceBytesMax) {
      yield* this.flush()
      yield* sendNow(delta)
      return true
    }
    const [literals] = delta.pieces()
    this.#queue.push({ recipe, literals: literals ?? null })
    this.#queuedBytes += size
    this.#queuedRanges += rangeCount(recipe)
    if (this.#queuedBytes >= this.#queuedBytesMax || this.#queue.length === QUEUE_MAX) yield* this.flush()
    return true
  }

  /** The shortest way to the content that is found; null where that is its bytes. */
  #deltaTo(content: Readable, basis: Basis): Delta | null {
    const ranges = findRanges(content, basis, this.#old, this.#fresh)
    const hasLiterals = literalBytes(ranges) > 0
    const squeezed = hasLiterals ? this.#squeezer?.squeeze(content, ranges, preferredFile(basis, this.#old)) : null
    if (squeezed && isSqueezeWorthwhile(content, ranges, squeezed)) return squeezedDelta(content, squeezed, this.#old)
    return isWorthwhile(content, ranges) ? deltaOf(content, ranges, this.#old) : null
  }

  /** Says that the content that was given last was sent, as a recipe or not, and where it will be in the tree after. */
  noteSent(file: SentFile): void {
    addSent(this.#old, file, this.#fresh)
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

/** Too many literal bytes for one piece: they may be read again. */
function* sendNow({ recipe, size, pieces }: Delta): Generator<Item> {
  yield { kind: 'recipe', recipe }
  const hasher = createHasher()
  let offset = 0
  try {
    for (const bytes of pieces()) {
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
