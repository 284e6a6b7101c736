/** Moves told in the rows of a changeset (spec §8.5): the stage behind a diff that has to see all rows first. */
import type { Batch } from '../../model/batch.ts'
import type { Item } from '../../model/item.ts'
import { mayTellMoves } from '../../tree/move-evidence.ts'
import { findMoves, type MoveRules } from '../../tree/moves.ts'
import { MoveSpill } from './move-spill.ts'

/**
 * Which moves a diff tells: none; those that content ids, or the same inode with the same size and time, prove; or also those
 * that size, time and name make likely. Where no id is known, contents have to be looked at before the changeset can be applied.
 */
export type MoveSearch = 'none' | 'proven' | 'likely'

/**
 * The items of a changeset with its moves. Memory: the rows from the first on that could tell one, up to `heldBytesMax`; where
 * there are more, they go to a file, and only files move, not directories as wholes.
 * @throws HostError where the file cannot be written
 */
export async function* withMoves(
  items: AsyncIterable<Item>,
  rules: MoveRules,
  heldBytesMax: number,
): AsyncIterable<Item> {
  let held: Batch[] = []
  let heldBytes = 0
  let spill: MoveSpill | null = null
  try {
    for await (const item of items) {
      if (item.kind === 'rows' && spill !== null) {
        spill.add(item.batch)
        continue
      }
      if (item.kind === 'rows' && (held.length > 0 || mayTellMoves(item.batch))) {
        held.push(item.batch)
        heldBytes += batchBytes(item.batch)
        if (heldBytes <= heldBytesMax) continue
        spill = new MoveSpill(held, rules)
        held = []
        continue
      }
      if (item.kind === 'end') {
        for (const batch of spill === null ? findMoves(held, rules) : spill.finish()) yield { kind: 'rows', batch }
      }
      yield item
    }
  } finally {
    spill?.close()
  }
}

/** Rows that are held at most. */
export const HELD_BYTES_MAX = 512 * 2 ** 20

/** About what a batch takes: its rows at a fixed price, and what its names and directories are long. */
export function batchBytes(batch: Batch): number {
  const sides = (batch.before === null ? 0 : 1) + (batch.after === null ? 0 : 1)
  return batch.rowCount * (16 + 110 * sides) + batch.names.heap.length + batch.dirs.heap.length
}
