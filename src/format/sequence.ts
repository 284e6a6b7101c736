/** What must hold from frame to frame (spec §6.3, §7.3): rows ascend, contents are whole and were asked for. Pure. */
import { Limits } from '../base/constants.ts'
import { FormatError } from '../base/errors.ts'
import type { Batch } from '../model/batch.ts'
import { bytesAt, EMPTY } from '../model/bytes-column.ts'
import { ContentMap } from '../model/content-map.ts'
import { contentAt, type Entries } from '../model/entries.ts'
import type { ContentPiece, Header, Item, Recipe } from '../model/item.ts'
import { compareBytes, comparePaths, splitPath } from '../model/path.ts'
import { literalsBytes, rangeCount } from '../model/recipe.ts'
import { TOUCH } from '../model/touch.ts'

/** Checks items in the order in which they come. Every method throws FormatError with `offset`. */
export class SequenceChecker {
  #lastDir: Uint8Array | null = null
  #lastName: Uint8Array = EMPTY
  /** The rows that contents may belong to now, and once they are asked for the contents of their sides. */
  #batch: Batch | null = null
  readonly #contents = { after: new ContentMap<true>(), before: new ContentMap<true>() }
  readonly #isFilled = { after: false, before: false }
  /** Literal contents that recipes announced: ranges of each recipe that still waits for them. */
  readonly #literals = new ContentMap<number[]>()
  #waitingRanges = 0
  #open: { id: Uint8Array; size: number; next: number } | null = null
  /** True directly behind a header that allows a touch there. */
  #mayTouch = false
  /** True where rows or contents since the last rows were passed over: what follows them cannot be checked. */
  #isBlind = false

  /** Whether contents can be checked now: nothing that they depend on was passed over. */
  get seesContents(): boolean {
    return !this.#isBlind
  }

  /** Checks a decoded item. */
  check(item: Item, offset: number): void {
    if (item.kind === 'touch' && !this.#mayTouch)
      throw new FormatError('bad-touch', offset, 'a touch that is not allowed, or not behind the header')
    this.#mayTouch = item.kind === 'header' && allowsTouch(item.header)
    if (item.kind !== 'content') this.checkClosed(offset)
    if (item.kind === 'rows') this.#checkRows(item.batch, offset)
    else if (this.#isBlind) return
    else if (!this.isNeeded(item))
      throw new FormatError('unneeded-content', offset, 'no row of the batch before it has this content of this size')
    else if (item.kind === 'content') this.#checkContent(item.piece, offset)
    else if (item.kind === 'recipe') this.#checkRecipe(item.recipe, offset)
  }

  /** Whether the rows before, or a recipe, ask for what an item brings; true for what belongs to no row. */
  isNeeded(item: Item): boolean {
    if (item.kind === 'recipe') return this.#has('after', item.recipe.id, item.recipe.size)
    // A sender looks for what the other side has, too.
    if (item.kind === 'chunks') return this.#isNamed(item.chunks.id, item.chunks.ends.at(-1)!)
    if (item.kind !== 'content' || this.#open !== null) return true
    const { id, size } = item.piece
    return this.#literals.get(id, size) !== undefined || this.#isNamed(id, size)
  }

  /** Checks a rows frame that is passed over: only its first path is known. */
  checkSkippedRows(firstPath: Uint8Array, offset: number): void {
    this.checkClosed(offset)
    this.#mayTouch = false
    const { dir, name } = splitPath(firstPath)
    this.#checkOrder(dir, name, offset)
    this.#remember(dir, name, null)
    this.#isBlind = true
  }

  /** Says that a frame without rows is passed over: contents up to the next rows frame cannot be checked. */
  skipContents(): void {
    this.#mayTouch = false
    this.#open = null
    this.#isBlind = true
  }

  /** No content may be half sent when something else begins. */
  checkClosed(offset: number): void {
    if (this.#open !== null) throw new FormatError('bad-content', offset, 'a content is not whole')
  }

  #checkRows(batch: Batch, offset: number): void {
    this.#checkOrder(bytesAt(batch.dirs, 0), bytesAt(batch.names, 0), offset)
    const last = batch.rowCount - 1
    this.#remember(bytesAt(batch.dirs, batch.dirRowEnds.length - 1), bytesAt(batch.names, last), batch)
    this.#isBlind = false
  }

  #remember(dir: Uint8Array, name: Uint8Array, batch: Batch | null): void {
    this.#lastDir = dir.slice()
    this.#lastName = name.slice()
    this.#batch = batch
    this.#isFilled.after = false
    this.#isFilled.before = false
    this.#literals.clear()
    this.#waitingRanges = 0
  }

  #checkOrder(dir: Uint8Array, name: Uint8Array, offset: number): void {
    if (this.#lastDir === null) return
    const order = comparePaths(this.#lastDir, dir)
    if (order > 0 || (order === 0 && compareBytes(this.#lastName, name) >= 0)) {
      throw new FormatError('out-of-order', offset, 'rows of two frames')
    }
  }

  #checkRecipe(recipe: Recipe, offset: number): void {
    if (recipe.literals.length === 0) return
    const size = literalsBytes(recipe)
    const waiting = this.#literals.get(recipe.literals, size) ?? []
    waiting.push(rangeCount(recipe))
    this.#literals.set(recipe.literals, size, waiting)
    this.#waitingRanges += rangeCount(recipe)
    if (this.#waitingRanges > Limits.recipeRangesMax)
      throw new FormatError('bad-recipe', offset, 'too many recipes wait for their literals')
  }

  #checkContent(piece: ContentPiece, offset: number): void {
    if (this.#open === null) {
      const { id, size } = piece
      this.#waitingRanges -= this.#literals.get(id, size)?.shift() ?? 0
      this.#open = { id: piece.id.slice(), size: piece.size, next: 0 }
    }
    const open = this.#open
    if (compareBytes(open.id, piece.id) !== 0 || piece.size !== open.size || piece.offset !== open.next) {
      throw new FormatError('bad-content', offset, 'pieces of a content are not consecutive')
    }
    open.next += piece.bytes.length
    if (open.next === open.size) this.#open = null
  }

  /** True for the contents of both sides of the rows. */
  #isNamed(id: Uint8Array, size: number): boolean {
    return this.#has('after', id, size) || this.#has('before', id, size)
  }

  /** Whether a side of the batch has a content. What it has is collected when it is asked for first. */
  #has(side: 'before' | 'after', id: Uint8Array, size: number): boolean {
    if (!this.#isFilled[side]) fill(this.#contents[side], this.#batch?.[side] ?? null)
    this.#isFilled[side] = true
    return this.#contents[side].get(id, size) !== undefined
  }
}

function allowsTouch({ kind, features }: Header): boolean {
  return kind === 'changeset' && features.includes(TOUCH)
}

function fill(contents: ContentMap<true>, entries: Entries | null): void {
  contents.clear()
  if (entries === null || entries.content === null) return
  for (let i = 0; i < entries.count; i++) {
    const id = contentAt(entries, i)
    if (id.length > 0) contents.set(id, entries.size[i]!, true)
  }
}
