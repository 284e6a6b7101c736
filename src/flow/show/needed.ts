/**
 * Which contents the rows of a batch need and which of them came (spec §8.3). Contents follow the batch that needs them,
 * so what a batch needs is settled when the next one begins.
 */
import type { Batch } from '../../model/batch.ts'
import { contentAt } from '../../model/entries.ts'
import { needsContent } from '../../model/need.ts'
import { pathKey } from '../../model/path.ts'

export type Need = {
  /** Index of the first row that needs it. */
  row: number
  size: number
  /** Rows after the first that need the same content. */
  moreCount: number
  /** Whether the row is a move, so that the file at its old path has the content. */
  isMove: boolean
  hasCome: boolean
}

/** What the rows of one batch need: by content id, and those whose id is not known. */
export type Needs = { byId: Map<string, Need>; unknown: Need[] }

export function needsOf(batch: Batch): Needs {
  const { before, after } = batch
  const needs: Needs = { byId: new Map(), unknown: [] }
  if (after === null) return needs
  for (let i = 0; i < batch.rowCount; i++) {
    if (!needsContent(before, after, i)) continue
    const id = contentAt(after, i)
    const known = id.length === 0 ? undefined : needs.byId.get(pathKey(id))
    if (known !== undefined) {
      known.moreCount++
      continue
    }
    const isMove = after.moved !== null && after.moved.ends[i]! > (i === 0 ? 0 : after.moved.ends[i - 1]!)
    const need = { row: i, size: after.size[i]!, moreCount: 0, isMove, hasCome: false }
    if (id.length === 0) needs.unknown.push(need)
    else needs.byId.set(pathKey(id), need)
  }
  return needs
}

/** Every need of the batch. */
export function allNeeds(needs: Needs): Need[] {
  return [...needs.byId.values(), ...needs.unknown]
}
