/** The contents that the rows of a plan need, by id, and where each was found. Bounded; pure. */

import { type Batch, forEachRow } from '../../model/batch.ts'
import { type BytesColumn, BytesColumnBuilder, bytesAt } from '../../model/bytes-column.ts'
import { contentAt, hasContent } from '../../model/entries.ts'
import { isSettled, needsContent } from '../../model/need.ts'
import { ChunkIndex, wordsOf } from '../../tree/chunk-index.ts'

/** Contents that are looked for: some 80 MB with their paths. More are sent, which costs bytes and nothing else. */
const WANTED_MAX = 1 << 19
const NOWHERE = -1

export class WantedContents {
  /** A content is indexed by the first half of its id, as a chunk would be. */
  readonly #index = new ChunkIndex(WANTED_MAX)
  readonly #sizes: number[] = []
  /** By entry of the index: which of the paths has it. */
  readonly #pathOf: number[] = []
  readonly #paths = new BytesColumnBuilder()
  #taken: BytesColumn | null = null
  /** How many contents of each size have no place. */
  readonly #missingBySize = new Map<number, number>()

  /** Contents of which no place is known. */
  get missingCount(): number {
    return this.#index.count - this.#paths.count
  }

  /** Adds what the rows of a batch need. True where there was anything. */
  addBatch(batch: Batch): boolean {
    let hasAny = false
    forEachRow(batch, (_d, i) => {
      if (!isWanted(batch, i)) return
      hasAny = true
      const words = wordsOf(contentAt(batch.after!, i).slice())
      if (this.#index.isFull || this.#index.find(words, 0, 0) !== -1) return
      this.#index.addChunk(0, words, 0, 0)
      const size = batch.after!.size[i]!
      this.#sizes.push(size)
      this.#missingBySize.set(size, (this.#missingBySize.get(size) ?? 0) + 1)
      this.#pathOf.push(NOWHERE)
    })
    return hasAny
  }

  /** True where some content of this size has no place yet. */
  hasSize(size: number): boolean {
    return this.#missingBySize.has(size)
  }

  /** True where the content is wanted and no place of it is known. */
  isMissing(id: Uint8Array): boolean {
    const entry = this.#find(id)
    return entry !== -1 && this.#pathOf[entry] === NOWHERE
  }

  /** Says that a file has the content `id`, if anybody wants to know. */
  notePlace(id: Uint8Array, size: number, path: Uint8Array): void {
    const entry = this.#find(id)
    if (entry === -1 || this.#sizes[entry] !== size || this.#pathOf[entry] !== NOWHERE) return
    this.#pathOf[entry] = this.#paths.count
    this.#paths.push(path)
    const left = this.#missingBySize.get(size)! - 1
    if (left === 0) this.#missingBySize.delete(size)
    else this.#missingBySize.set(size, left)
  }

  /** The path of a file that has the content; null where none was found. Ask when all places were noted. */
  placeOf(id: Uint8Array): Uint8Array | null {
    const entry = this.#find(id)
    if (entry === -1 || this.#pathOf[entry] === NOWHERE) return null
    this.#taken ??= this.#paths.take()
    return bytesAt(this.#taken, this.#pathOf[entry]!)
  }

  #find(id: Uint8Array): number {
    return this.#index.find(wordsOf(id.slice()), 0, 0)
  }
}

/** True where a row of a plan needs a content that has a name. */
export function isWanted(batch: Batch, i: number): boolean {
  return !isSettled(batch, i) && needsContent(batch.before, batch.after, i) && hasContent(batch.after!, i)
}
