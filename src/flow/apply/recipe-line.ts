/** The recipes of a batch on their way through an apply: each waits for its literals, first come, first served (spec §7.4). */
import {
  type Cooking,
  goOn,
  isLiteral,
  type OpenRange,
  type Progress,
  startCooking,
  takeLiteral,
} from '../../host/stage/cooking.ts'
import type { ContentPiece, Recipe } from '../../model/item.ts'
import { pathKey } from '../../model/path.ts'

/** Where the content of a recipe goes. */
export type RecipeSink = {
  append(bytes: Uint8Array): void
  /** All bytes are there, of which the hash is still to be seen. @throws HostError */
  finish(): void
  /** They cannot be had. */
  fail(): void
}

/** Says where a recipe's content goes; null where no row waits for it, or no more. @throws HostError */
export type OpenSink = (recipe: Recipe) => RecipeSink | null

export class RecipeLine {
  readonly #openRange: OpenRange
  readonly #openSink: OpenSink
  #present: { cooking: Cooking; sink: RecipeSink } | null = null
  /** Recipes whose literals have not begun, by the id of those. */
  readonly #waiting = new Map<string, Recipe[]>()

  constructor(openRange: OpenRange, openSink: OpenSink) {
    this.#openRange = openRange
    this.#openSink = openSink
  }

  /** Takes a recipe that some row waits for. @throws HostError */
  take(recipe: Recipe): void {
    const key = pathKey(recipe.literals)
    if (key === '') this.#start(recipe)
    else if (this.#waiting.has(key)) this.#waiting.get(key)!.push(recipe)
    else this.#waiting.set(key, [recipe])
  }

  /** Takes a piece of any content: it may be wanted for itself and as the literals of a recipe. @throws HostError */
  takePiece(piece: ContentPiece): void {
    if (this.#present === null && piece.offset === 0 && this.#waiting.size > 0) {
      const recipe = this.#waiting.get(pathKey(piece.id))?.shift()
      if (recipe !== undefined) this.#start(recipe)
    }
    const present = this.#present
    if (present === null || !isLiteral(present.cooking, piece)) return
    this.#follow(present, takeLiteral(present.cooking, piece.bytes))
  }

  /** The batch is over: nothing more comes. @throws HostError */
  settle(): void {
    this.#waiting.clear()
    if (this.#present !== null) this.#follow(this.#present, 'failed')
  }

  #start(recipe: Recipe): void {
    const sink = this.#openSink(recipe)
    if (sink === null) return
    const cooking = startCooking(recipe, this.#openRange, (bytes) => sink.append(bytes))
    this.#follow({ cooking, sink }, goOn(cooking))
  }

  #follow(present: { cooking: Cooking; sink: RecipeSink }, progress: Progress): void {
    this.#present = progress === 'waiting' ? present : null
    if (progress === 'done') present.sink.finish()
    if (progress === 'failed') present.sink.fail()
  }
}
