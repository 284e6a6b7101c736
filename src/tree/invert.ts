/** The inverse of a changeset (spec §8.6): every row with its sides swapped; paths and order stay as they are. */
import type { Batch } from '../model/batch.ts'

/** The inverse of one batch; it shares the columns. What a plan saw and found is no part of the inverse. */
export function invertBatch(batch: Batch): Batch {
  return { ...batch, before: batch.after, after: batch.before, seen: null, state: null }
}
