/**
 * A changeset with its touch told as rows (spec §7.8), which takes a tree: the one that it leads from, the one that it leads to,
 * or one in between. All that works on rows works on the result.
 */
import { RefusedError } from '../../base/errors.ts'
import type { Batch } from '../../model/batch.ts'
import { quotePath } from '../../model/escape.ts'
import type { Header, Item } from '../../model/item.ts'
import { compareBytes } from '../../model/path.ts'
import type { Problem } from '../../model/problem.ts'
import { TOUCH, type Touch } from '../../model/touch.ts'
import { TouchRows } from '../../tree/touch-rows.ts'
import { HeldContents } from '../stream/held-contents.ts'
import { startingWith } from '../stream/starting-with.ts'
import { openSide, type Side, type Source } from '../stream/two-streams.ts'
import { TouchId } from './touch-id.ts'

/** The tree as a snapshot; files that have a time of the touch need their content ids there. */
export type OpenTree = (header: Header, touch: Touch) => Source | Promise<Source>

/**
 * The items with rows in the place of the touch; items of a stream that has none pass as they are. Memory: three batches,
 * and the recipes of one.
 * @throws RefusedError `touched-differ` before the end item, where the tree is none of those; what `open` and the items throw
 */
export async function expandTouch(items: AsyncIterable<Item>, open: OpenTree): Promise<AsyncIterable<Item>> {
  const iterator = items[Symbol.asyncIterator]()
  const first = await iterator.next()
  if (first.done === true) return items
  const all = startingWith(first.value, iterator)
  const mayTouch = first.value.kind === 'header' && first.value.header.features.includes(TOUCH)
  return mayTouch ? expand(all, open) : all
}

async function* expand(items: AsyncIterable<Item>, open: OpenTree): AsyncGenerator<Item> {
  let header: Header | null = null
  let expansion: Expansion | null = null
  try {
    for await (const item of items) {
      if (item.kind === 'header') {
        header = { ...item.header, features: item.header.features.filter((feature) => feature !== TOUCH) }
        yield { kind: 'header', header }
      } else if (item.kind === 'touch') {
        const tree = await openSide('tree', await open(header!, item.touch), ['snapshot'])
        expansion = new Expansion(item.touch, tree)
      } else if (expansion === null || item.kind === 'problem' || item.kind === 'optional') {
        yield item
      } else if (item.kind === 'rows') {
        yield* expansion.settle()
        expansion.hold(item.batch)
      } else if (item.kind === 'end') {
        yield* expansion.settle()
        yield* expansion.finish()
        yield { kind: 'end', end: { ...item.end, rowCount: expansion.rowCount } }
      } else expansion.contents.add(item)
    }
  } finally {
    await expansion?.close()
  }
}

/** The rows of the changeset go on in batches of others: what follows them has to wait until all of it is there. */
class Expansion {
  readonly contents = new HeldContents()
  readonly #touch: Touch
  readonly #tree: Side
  readonly #rows: TouchRows
  readonly #id = new TouchId()
  #held: Batch | null = null
  #problem: Problem | null = null

  constructor(touch: Touch, tree: Side) {
    this.#touch = touch
    this.#tree = tree
    this.#rows = new TouchRows(touch)
    tree.onProblem = (problem) => (this.#problem ??= problem)
  }

  get rowCount(): number {
    return this.#rows.output.rowCount
  }

  /** Takes the next rows of the changeset; what follows them goes to `contents`. */
  hold(batch: Batch): void {
    this.#held = batch
  }

  /** Hands on the rows that are held, those of the tree before them, and what they need. */
  async *settle(): AsyncGenerator<Item> {
    if (this.#held === null) return
    yield* this.#merge(this.#held)
    // A batch ends where contents are to follow.
    if (!this.contents.isEmpty) yield* this.#take(true)
    this.#held = null
    this.contents.clear()
  }

  /** Hands on what is left. @throws RefusedError `touched-differ` */
  async *finish(): AsyncGenerator<Item> {
    yield* this.#merge(null)
    yield* this.#take(true)
    this.#id.addFrom(this.#rows.files, true)
    this.#check()
  }

  async close(): Promise<void> {
    this.contents.clear()
    await this.#tree.close()
  }

  async *#merge(batch: Batch | null): AsyncGenerator<Item> {
    this.#rows.feed('after', batch)
    for (let need = this.#rows.run(); need === 'before'; need = this.#rows.run()) {
      yield* this.#take(false)
      this.#rows.feed('before', await this.#tree.nextBatch())
    }
    yield* this.#take(false)
  }

  *#take(isLast: boolean): Generator<Item> {
    this.#id.addFrom(this.#rows.files, false)
    for (const batch of this.#rows.output.take(isLast)) {
      yield { kind: 'rows', batch }
      yield* this.contents.serve(batch)
    }
  }

  #check(): void {
    const { fileCount, digest } = this.#touch
    const { count } = this.#rows.files
    if (count === fileCount && compareBytes(this.#id.finish(), digest) === 0) return
    const found = count === fileCount ? 'as many are here, but not the same' : `${count} are here`
    const why = this.#problem === null ? '' : `; ${quotePath(this.#problem.path)}: ${this.#problem.code}`
    throw new RefusedError(
      'touched-differ',
      `${fileCount} files are told by their times and not by name; with these times ${found}${why}`,
    )
  }
}
