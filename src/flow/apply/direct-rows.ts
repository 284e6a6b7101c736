/**
 * Which rows of a changeset can be done before the others and by themselves (spec §8.7): deletes, and new contents of files that
 * no other row, link, move or recipe depends on. The journal has what would be done for every row.
 */
import { Kind, State } from '../../base/constants.ts'
import { findRow, type Journal } from '../../host/journal/journal.ts'
import { createDisplacedFinder } from '../../host/journal/journal-above.ts'
import { type Frame, movedTo, Op } from '../../host/journal/journal-frame.ts'
import { forEachDir, forEachDirBackward } from '../../host/journal/journal-walk.ts'
import { Dir } from '../../host/journal/lineage.ts'
import { type Batch, forEachRow, pathAt } from '../../model/batch.ts'
import { Bits } from '../../model/bits.ts'
import { bytesAt, optionalBytesAt } from '../../model/bytes-column.ts'
import { contentAt } from '../../model/entries.ts'
import type { Recipe } from '../../model/item.ts'
import { compareBytes, joinPath, pathKey } from '../../model/path.ts'
import { allRanges, isCopy } from '../../model/recipe.ts'
import { isKeptBy } from './happenings.ts'

/** What recipes need that is not the old file of their own row. */
export type RecipeNeeds = {
  /** Ordinals of rows whose recipe copies from elsewhere. */
  rows: Bits
  /** Paths, as pathKey, that must be what they were until the end; null: too many to tell. */
  bases: Set<string> | null
}

/** Paths that are held in memory. With more, no row is done before the others. */
const BASES_MAX = 200_000

export function createNeeds(): RecipeNeeds {
  return { rows: new Bits(), bases: new Set() }
}

/** Notes what a recipe copies from, for the rows of the present batch that it serves. */
export function noteRecipe(needs: RecipeNeeds, batch: Batch, firstOrdinal: number, recipe: Recipe): void {
  const { after } = batch
  if (after === null) return
  forEachRow(batch, (d, i) => {
    if (after.kind[i] !== Kind.file) return
    // Its bytes pass through for another.
    if (compareBytes(contentAt(after, i), recipe.literals) === 0) needs.rows.add(firstOrdinal + i)
    if (compareBytes(contentAt(after, i), recipe.id) !== 0) return
    const path = pathAt(batch, d, i)
    for (const range of allRanges(recipe)) {
      if (!isCopy(range) || (range.from === 'before' && compareBytes(range.path, path) === 0)) continue
      needs.rows.add(firstOrdinal + i)
      if (range.from === 'before') needs.bases?.add(pathKey(range.path))
    }
  })
  if (needs.bases !== null && needs.bases.size > BASES_MAX) needs.bases = null
}

/** The ordinals of the rows that can be done early. @throws HostError */
export function findEarly(journal: Journal, { rows, bases }: RecipeNeeds): Bits {
  const early = new Bits()
  if (bases === null) return early
  const findDisplaced = createDisplacedFinder(journal)
  forEachDir(journal, (frame, d, first, end) => {
    const dir = bytesAt(frame.batch.dirs, d)
    // What is kept is kept with all that is in it.
    if ((frame.dirs.flags[d]! & Dir.goes) !== 0 && isKeptBy(findDisplaced(dir))) return
    const isThere = (frame.dirs.flags[d]! & Dir.here) !== 0
    const takesNew = doesTakeNew(journal, early, frame, d)
    for (let i = first; i < end; i++) {
      const ordinal = frame.firstOrdinal + i
      const isNew = (frame.batch.after?.kind[i] ?? Kind.absent) !== Kind.absent
      if (!(isNew ? takesNew : isThere) || rows.has(ordinal) || !isByItself(frame, i)) continue
      const isBasis = bases.size > 0 && bases.has(pathKey(joinPath(dir, bytesAt(frame.batch.names, i))))
      if (!isBasis) early.add(ordinal)
    }
  })
  holdDirectories(journal, early)
  return early
}

/** True where new entries find the directory that they shall lie in at its path: it stays, or is made early. */
function doesTakeNew(journal: Journal, early: Bits, { batch, dirs }: Frame, d: number): boolean {
  const flags = dirs.flags[d]!
  if ((flags & Dir.staged) === 0) return (flags & Dir.stays) !== 0
  const row = findRow(journal, bytesAt(batch.dirs, d))
  return row !== null && early.has(row.frame.firstOrdinal + row.i)
}

const ALONE = Op.out | Op.in | Op.swap | Op.inside | Op.content

function isByItself(frame: Frame, i: number): boolean {
  const { batch, op } = frame
  const { before, after, seen, names } = batch
  if (batch.state![i] !== State.do || bytesAt(names, i).length === 0 || (op[i]! & ~ALONE) !== 0) return false
  if (movedTo(frame, i).length + optionalBytesAt(after?.moved ?? null, i).length > 0) return false
  if (optionalBytesAt(before?.link ?? null, i).length + optionalBytesAt(after?.link ?? null, i).length > 0) return false
  const seenKind = seen?.kind[i] ?? Kind.absent
  const afterKind = after?.kind[i] ?? Kind.absent
  // Other names of the inode would no longer be what their rows expect.
  if (seenKind !== Kind.absent && seenKind !== Kind.directory && (seen!.hints?.nlink[i] ?? 1) > 1) return false
  if (afterKind === Kind.absent) return seenKind !== Kind.absent
  if (afterKind === Kind.directory) return seenKind === Kind.absent
  return afterKind === Kind.file && (seenKind === Kind.absent || seenKind === Kind.file)
}

/** A directory that goes has to wait for what is in it. Rows below it come before it in this direction. */
function holdDirectories(journal: Journal, early: Bits): void {
  const held = new Set<string>()
  forEachDirBackward(journal, (frame, d, first, end) => {
    const { batch, firstOrdinal } = frame
    const dir = bytesAt(batch.dirs, d)
    for (let i = end - 1; i >= first; i--) {
      const isDirectory = batch.seen?.kind[i] === Kind.directory
      const isHeld = isDirectory && held.delete(pathKey(joinPath(dir, bytesAt(batch.names, i))))
      if (isHeld) early.delete(firstOrdinal + i)
      const isLate = batch.state![i] !== State.done && !early.has(firstOrdinal + i)
      if (isLate && (frame.dirs.flags[d]! & Dir.goes) !== 0) held.add(pathKey(dir))
    }
  })
}
