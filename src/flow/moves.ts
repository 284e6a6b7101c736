/** Moves told in the rows of a changeset (spec §8.5): the stage behind a diff that has to see all rows first. */
import type { Batch } from '../model/batch.ts'
import type { Item } from '../model/item.ts'
import { mayTellMoves } from '../tree/move-evidence.ts'
import { findMoves, type MoveRules } from '../tree/moves.ts'

/**
 * Which moves a diff tells: none; those that content ids or unchanged inodes prove; or also those that inode, size, time and
 * name make likely, whose contents then have to be looked at.
 */
export type MoveSearch = 'none' | 'proven' | 'likely'

/**
 * The items of a changeset with its moves. Memory: the rows from the first on that could tell one, up to a bound; where
 * there are more, nothing is held back and no moves are told.
 */
export async function* withMoves(items: AsyncIterable<Item>, rules: MoveRules): AsyncIterable<Item> {
  let held: Batch[] | null = []
  let heldBytes = 0
  for await (const item of items) {
    if (held !== null && item.kind === 'rows' && (held.length > 0 || mayTellMoves(item.batch))) {
      held.push(item.batch)
      heldBytes += batchBytes(item.batch)
      if (heldBytes <= HELD_BYTES_MAX) continue
      for (const batch of held) yield { kind: 'rows', batch }
      held = null
      continue
    }
    if (held !== null && item.kind === 'end') {
      for (const batch of findMoves(held, rules)) yield { kind: 'rows', batch }
    }
    yield item
  }
}

/** Rows that are held at most. */
export const HELD_BYTES_MAX = 512 * 2 ** 20

/** About what a batch takes: its rows at a fixed price, and what its names and directories are long. */
export function batchBytes(batch: Batch): number {
  const sides = (batch.before === null ? 0 : 1) + (batch.after === null ? 0 : 1)
  return batch.rowCount * (16 + 110 * sides) + batch.names.heap.length + batch.dirs.heap.length
}
