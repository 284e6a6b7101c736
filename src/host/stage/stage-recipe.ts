/** Where the ranges of a recipe are read from (spec §7.4): the target's old files, or a basis; and what is staged. */
import type { Recipe } from '../../model/item.ts'
import { allRanges } from '../../model/recipe.ts'
import { openFile } from '../entry/see.ts'
import type { Journal } from '../journal/journal.ts'
import { locateAfter } from '../journal/stage-place.ts'
import type { Target } from '../target/target.ts'
import { closeCursor, createCursor, enter } from '../target/target-cursor.ts'
import type { OpenRange } from './cooking.ts'
import { type Basis, openBefore } from './stage-basis.ts'
import { openInTarget } from './stage-object.ts'

/** Opens what ranges copy from while there is a stage, open as `newFd`; -1: there is none, and what would be in it is nowhere. */
export function rangeOpener(target: Target, journal: Journal, newFd: number, basis: Basis | null): OpenRange {
  return ({ from, path }) =>
    from === 'before' ? openBefore(target, basis, path) : openAfter(target, journal, newFd, path)
}

/** Opens what will be at a path afterwards, where it is now; -1 where that is nowhere. */
function openAfter(target: Target, journal: Journal, newFd: number, path: Uint8Array): number {
  const location = locateAfter(journal, path)
  if (location === null) return -1
  if (location.in === 'target') return openInTarget(target, location.path)
  if (newFd === -1) return -1
  const { dir, name } = location.place
  // Not the stage's own cursor: the rows' place in it stays.
  const cursor = createCursor(newFd)
  const dirFd = enter(cursor, dir)
  const fd = dirFd === -1 ? -1 : openFile(dirFd, name, null)
  closeCursor(cursor)
  return fd
}

/** True where a recipe copies from what is staged, or would be. */
export function needsStage(journal: Journal, recipe: Recipe): boolean {
  for (const range of allRanges(recipe)) {
    if (range.from === 'after' && locateAfter(journal, range.path)?.in === 'stage') return true
  }
  return false
}
