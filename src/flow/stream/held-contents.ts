/**
 * What followed a batch of rows, held until the rows have gone on in other batches: each of those is followed by what its
 * rows need (spec §8.3). Bytes of contents lie on disk meanwhile, recipes and chunk lists in memory.
 */
import { Spool } from '../../host/stream/spool.ts'
import type { Batch } from '../../model/batch.ts'
import { optionalBytesAt } from '../../model/bytes-column.ts'
import { contentAt } from '../../model/entries.ts'
import type { Chunks, Item, Recipe } from '../../model/item.ts'
import { compareBytes, pathKey } from '../../model/path.ts'

export type HeldItem = Extract<Item, { kind: 'content' | 'recipe' | 'chunks' }>

type HeldPiece = { id: Uint8Array; size: number; offset: number; at: number; isVerified: boolean }

export class HeldContents {
  #spool: Spool | null = null
  readonly #pieces = new Map<string, HeldPiece[]>()
  readonly #recipes = new Map<string, Recipe>()
  readonly #chunks = new Map<string, Chunks>()

  get isEmpty(): boolean {
    return this.#pieces.size + this.#recipes.size + this.#chunks.size === 0
  }

  /** Takes an item; its bytes stay the caller's. @throws HostError */
  add(item: HeldItem): void {
    if (item.kind === 'recipe') this.#recipes.set(pathKey(item.recipe.id), item.recipe)
    else if (item.kind === 'chunks') this.#chunks.set(pathKey(item.chunks.id), item.chunks)
    else this.#addPiece(item)
  }

  #addPiece({ piece, isVerified }: Extract<Item, { kind: 'content' }>): void {
    const key = pathKey(piece.id)
    const pieces = piece.offset === 0 ? [] : (this.#pieces.get(key) ?? [])
    this.#pieces.set(key, pieces)
    this.#spool ??= new Spool()
    pieces.push({ ...piece, id: piece.id.slice(), at: this.#spool.size, isVerified })
    this.#spool.append(piece.bytes.slice())
  }

  /** What the rows of a batch need of it, each once. @throws HostError */
  *serve(batch: Batch): Generator<Item> {
    if (this.isEmpty) return
    const served = new Set<string>()
    for (let i = 0; i < batch.rowCount; i++) {
      if (isSettledByItself(batch, i)) continue
      for (const side of [batch.after, batch.before]) {
        const id = side === null ? '' : pathKey(contentAt(side, i))
        if (id === '' || served.has(id)) continue
        served.add(id)
        yield* this.#serveId(id)
      }
    }
  }

  *#serveId(id: string): Generator<Item> {
    const chunks = this.#chunks.get(id)
    const recipe = this.#recipes.get(id)
    if (recipe !== undefined) {
      yield { kind: 'recipe', recipe }
      if (recipe.literals.length > 0) yield* this.#servePieces(pathKey(recipe.literals))
    } else yield* this.#servePieces(id)
    if (chunks !== undefined) yield { kind: 'chunks', chunks }
  }

  *#servePieces(id: string): Generator<Item> {
    for (const { at, isVerified, ...piece } of this.#pieces.get(id) ?? []) {
      yield { kind: 'content', piece: { ...piece, bytes: this.#spool!.at(at) }, isVerified }
    }
  }

  /** Lets go of all. */
  clear(): void {
    this.#spool?.close()
    this.#spool = null
    for (const map of [this.#pieces, this.#recipes, this.#chunks]) map.clear()
  }
}

/** True for a row that keeps its contents. */
function isSettledByItself({ before, after }: Batch, i: number): boolean {
  if (before === null || after === null) return false
  if (optionalBytesAt(before.moved, i).length + optionalBytesAt(after.moved, i).length > 0) return false
  const id = contentAt(after, i)
  return id.length > 0 && compareBytes(contentAt(before, i), id) === 0
}
