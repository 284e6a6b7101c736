/** What the end record sums up (spec §7.7): rows, contents, problems. Kept by writer and reader alike. */
import { FormatError } from '../base/errors.ts'
import type { End, Item } from '../model/item.ts'

export type Totals = Pick<End, 'rowCount' | 'contentCount' | 'contentBytes' | 'problemCount'>

export function createTotals(): Totals {
  return { rowCount: 0, contentCount: 0, contentBytes: 0, problemCount: 0 }
}

/** Adds an item to the totals. */
export function countItem(totals: Totals, item: Item): void {
  if (item.kind === 'rows') totals.rowCount += item.batch.rowCount
  else if (item.kind === 'problem') totals.problemCount++
  else if (item.kind === 'content') {
    if (item.piece.offset === 0) totals.contentCount++
    totals.contentBytes += item.piece.bytes.length
  }
}

/** Throws `end-mismatch` where an end record does not sum up what was read. */
export function checkTotals(totals: Totals, end: End, offset: number): void {
  for (const name of ['rowCount', 'contentCount', 'contentBytes', 'problemCount'] as const) {
    if (totals[name] !== end[name])
      throw new FormatError('end-mismatch', offset, `${name}: ${end[name]}, read ${totals[name]}`)
  }
}
