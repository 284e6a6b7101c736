/**
 * A stream as portions, each small enough to be staged where space is short: some rows with the contents that they need. What
 * is gathered in memory is bounded; a larger content passes through by itself.
 */
import { Kind } from '../../base/constants.ts'
import type { Batch } from '../../model/batch.ts'
import type { Bits } from '../../model/bits.ts'
import { contentAt } from '../../model/entries.ts'
import type { Item, Recipe } from '../../model/item.ts'
import { needsContent } from '../../model/need.ts'
import { pathKey } from '../../model/path.ts'
import { selectRows } from '../../tree/select-rows.ts'

/** Takes portions. Rows of one portion are in row order; a portion ends where the next rows are not behind the last. */
export type PortionSink = {
  /** Rows, then the items that they need. `sizeBytes` is what they take in the stage. */
  put(rows: Batch, items: readonly Item[], sizeBytes: number): Promise<void>
  /** Bytes that are gathered before they are put; a content with more is not gathered. */
  portionBytes(): number
  /** A further piece of the content that the last rows wait for. */
  putMore(item: Item): Promise<void>
}

/** Rows of the present batch that are done early and wait for their contents, and what has come for them. */
type Waiting = {
  batch: Batch
  /** Rows by id of their content. */
  rows: Map<string, number[]>
  /** Rows that can be put with the next: they have their contents, or need none. */
  ready: number[]
  items: Item[]
  bytes: number
  /** Ids whose pieces are gathered: contents, and literals of recipes. */
  gathered: Set<string>
  /** Ids whose pieces pass through: the last rows wait for them. */
  passing: Set<string>
}

/** Puts the early rows that do not delete, with their contents. */
export async function putPortions(items: AsyncIterable<Item>, early: Bits, sink: PortionSink): Promise<void> {
  let waiting: Waiting | null = null
  let ordinal = 0
  for await (const item of items) {
    if (item.kind === 'rows' || item.kind === 'end') {
      if (waiting !== null) await putRest(waiting, sink)
      waiting = null
    }
    if (item.kind === 'rows') {
      waiting = startWaiting(item.batch, early, ordinal)
      ordinal += item.batch.rowCount
    } else if (waiting !== null && item.kind === 'recipe') await takeRecipe(waiting, item.recipe, sink)
    else if (waiting !== null && item.kind === 'content') await takePiece(waiting, item, sink)
  }
}

function startWaiting(batch: Batch, early: Bits, firstOrdinal: number): Waiting {
  const { before, after } = batch
  const rows = new Map<string, number[]>()
  const ready: number[] = []
  for (let i = 0; i < batch.rowCount; i++) {
    if (!early.has(firstOrdinal + i) || after === null || after.kind[i] === Kind.absent) continue
    if (!needsContent(before, after, i)) {
      ready.push(i)
      continue
    }
    const key = pathKey(contentAt(after, i))
    if (rows.has(key)) rows.get(key)!.push(i)
    else rows.set(key, [i])
  }
  return { batch, rows, ready, items: [], bytes: 0, gathered: new Set(), passing: new Set() }
}

async function takeRecipe(waiting: Waiting, recipe: Recipe, sink: PortionSink): Promise<void> {
  waiting.passing.clear()
  await takeFirst(waiting, recipe.id, recipe.size, { kind: 'recipe', recipe }, pathKey(recipe.literals), sink)
}

async function takePiece(waiting: Waiting, item: Item & { kind: 'content' }, sink: PortionSink): Promise<void> {
  const { piece } = item
  const key = pathKey(piece.id)
  if (waiting.passing.has(key)) {
    await sink.putMore(item)
    return
  }
  waiting.passing.clear()
  if (piece.offset === 0 && waiting.rows.has(key)) await takeFirst(waiting, piece.id, piece.size, item, key, sink)
  else if (waiting.gathered.has(key)) waiting.items.push(item)
}

/** Takes the first item of a content. @param pieces the id of the pieces that follow it */
async function takeFirst(
  waiting: Waiting,
  id: Uint8Array,
  size: number,
  item: Item,
  pieces: string,
  sink: PortionSink,
): Promise<void> {
  const rows = waiting.rows.get(pathKey(id))
  if (rows === undefined) return
  waiting.rows.delete(pathKey(id))
  const bytes = size * rows.length
  const portionBytes = sink.portionBytes()
  if (waiting.bytes + bytes > portionBytes) await putReady(waiting, sink)
  waiting.ready.push(...rows)
  waiting.items.push(item)
  waiting.bytes += bytes
  if (bytes <= portionBytes) {
    waiting.gathered.add(pieces)
    return
  }
  await putReady(waiting, sink)
  waiting.passing.add(pieces)
}

async function putReady(waiting: Waiting, sink: PortionSink): Promise<void> {
  const { batch, ready, items, bytes } = waiting
  const isReady = new Set(ready)
  const rows = selectRows(batch, (i) => isReady.has(i))
  waiting.ready = []
  waiting.items = []
  waiting.bytes = 0
  waiting.gathered.clear()
  if (rows !== null) await sink.put(rows, items, bytes)
}

/** The batch is over: what it has not brought is taken from elsewhere, file by file. */
async function putRest(waiting: Waiting, sink: PortionSink): Promise<void> {
  const { after } = waiting.batch
  for (const i of [...waiting.rows.values()].flat()) {
    if (waiting.bytes > sink.portionBytes()) await putReady(waiting, sink)
    waiting.ready.push(i)
    waiting.bytes += after!.size[i]!
  }
  await putReady(waiting, sink)
}
