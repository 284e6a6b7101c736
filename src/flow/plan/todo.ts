/**
 * A plan without the rows that hold already (spec §8.8): what there is to do, and what goes with it. A row that is not there
 * changes nothing at its path, as one that holds. Rows that speak of a move stay, for they come in pairs.
 */
import { Cut, State } from '../../base/constants.ts'
import type { Batch } from '../../model/batch.ts'
import { EMPTY, optionalBytesAt } from '../../model/bytes-column.ts'
import { contentAt, type Entries, hasContent } from '../../model/entries.ts'
import type { Item } from '../../model/item.ts'
import { OwnersBuilder, ownerNames } from '../../model/owners.ts'
import { pathKey } from '../../model/path.ts'
import { spliceRows } from '../../model/splice.ts'
import { selectRows } from '../../tree/select-rows.ts'

/** The items of a plan, less what holds already; items of any other stream pass as they are. */
export async function* withoutDone(items: AsyncIterable<Item>): AsyncGenerator<Item> {
  let isPlan = false
  const todo = new Todo()
  for await (const item of items) {
    if (item.kind === 'header') isPlan = item.header.kind === 'plan'
    if (
      !isPlan ||
      item.kind === 'header' ||
      item.kind === 'touch' ||
      item.kind === 'problem' ||
      item.kind === 'optional'
    ) {
      yield item
    } else if (item.kind === 'rows') {
      yield* todo.addBatch(item.batch)
    } else if (item.kind === 'end') {
      yield* todo.take()
      const { rowCount } = todo
      // Where rows were left out the others do not lead from that tree: the target is another.
      yield {
        kind: 'end',
        end: { ...item.end, rowCount, from: rowCount === item.end.rowCount ? item.end.from : EMPTY },
      }
    } else if (todo.isNeeded(item)) {
      yield* todo.take()
      yield item
    }
  }
}

/** Bytes of the variable columns of batches that are put together. */
const SMALL_BYTES = 1 << 16

/** Few rows are left of each batch: small ones become one, unless contents stand between them. */
class Todo {
  rowCount = 0
  #held: Batch[] = []
  #heldRows = 0
  #heldBytes = 0
  /** Ids, as pathKey, of the contents of the last batch's rows, of both sides, and of literals that its recipes wait for. */
  readonly #ids = new Set<string>()

  /** True for what belongs to a row that was kept. */
  isNeeded(item: Extract<Item, { kind: 'content' | 'recipe' | 'chunks' }>): boolean {
    if (item.kind === 'content') return this.#ids.has(pathKey(item.piece.id))
    if (item.kind === 'chunks') return this.#ids.has(pathKey(item.chunks.id))
    if (!this.#ids.has(pathKey(item.recipe.id))) return false
    if (item.recipe.literals.length > 0) this.#ids.add(pathKey(item.recipe.literals))
    return true
  }

  *addBatch(batch: Batch): Iterable<Item> {
    this.#ids.clear()
    const isKept = (i: number): boolean => batch.state?.[i] !== State.done || isMove(batch, i)
    const kept = hasDone(batch) ? selectRows(batch, isKept) : batch
    if (kept === null) return
    this.rowCount += kept.rowCount
    noteIds(this.#ids, kept.before)
    noteIds(this.#ids, kept.after)
    const bytes = variableBytes(kept)
    if (this.#heldRows + kept.rowCount > Cut.rowsMin || this.#heldBytes + bytes > SMALL_BYTES) yield* this.take()
    this.#held.push(kept)
    this.#heldRows += kept.rowCount
    this.#heldBytes += bytes
  }

  *take(): Iterable<Item> {
    const held = this.#held
    if (held.length === 0) return
    this.#held = []
    this.#heldRows = 0
    this.#heldBytes = 0
    yield { kind: 'rows', batch: held.length === 1 ? held[0]! : spliced(held) }
  }
}

function hasDone({ state }: Batch): boolean {
  return state?.includes(State.done) ?? false
}

function isMove({ before, after }: Batch, i: number): boolean {
  return optionalBytesAt(before?.moved ?? null, i).length + optionalBytesAt(after?.moved ?? null, i).length > 0
}

function noteIds(ids: Set<string>, entries: Entries | null): void {
  if (entries?.content == null) return
  for (let i = 0; i < entries.count; i++) if (hasContent(entries, i)) ids.add(pathKey(contentAt(entries, i)))
}

function variableBytes({ dirs, names, before, after, seen }: Batch): number {
  let bytes = dirs.heap.length + names.heap.length
  for (const entries of [before, after, seen]) {
    if (entries === null) continue
    const { target, link, moved, xattrs, hints } = entries
    for (const column of [target, link, moved, xattrs, hints?.holes ?? null]) bytes += column?.heap.length ?? 0
  }
  return bytes
}

function spliced(batches: readonly Batch[]): Batch {
  const owners = new OwnersBuilder()
  for (const batch of batches) addOwners(owners, batch)
  const batch = spliceRows(batches.map((batch) => ({ batch, from: 0, to: batch.rowCount })))
  return { ...batch, owners: owners.take() }
}

/** Of the names that came with a batch, those that its rows still mention. */
function addOwners(owners: OwnersBuilder, batch: Batch): void {
  const { users, groups } = ownerNames(batch.owners)
  for (const entries of [batch.before, batch.after, batch.seen]) {
    for (let i = 0; entries !== null && i < entries.count; i++) {
      const [user, group] = [users.get(entries.uid[i]!), groups.get(entries.gid[i]!)]
      if (user !== undefined) owners.addUser(entries.uid[i]!, user)
      if (group !== undefined) owners.addGroup(entries.gid[i]!, group)
    }
  }
}
