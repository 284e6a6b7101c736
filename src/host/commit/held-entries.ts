/**
 * What lies in the stage of a commit that has been made, or taken back: the entries that were displaced there, or those that had been
 * installed. A row's entry is there under its ordinal, or within the directory of a row above.
 */
import { Kind } from '../../base/constants.ts'
import { bytesAt } from '../../model/bytes-column.ts'
import type { NameIn } from '../entry/rename.ts'
import { createDisplacedFinder, type FoundAt } from '../journal/journal-above.ts'
import { type Frame, Op } from '../journal/journal-frame.ts'
import { forEachDirBackward } from '../journal/journal-walk.ts'
import { Dir } from '../journal/lineage.ts'
import { isInside, ordinalName, stageDirOf } from '../journal/stage-place.ts'
import type { Stage } from '../stage/stage.ts'
import { type Cursor, closeCursor, createCursor, enter } from '../target/target-cursor.ts'
import { exists } from './commit-step.ts'

/** displaced: what stood at the target. installed: what was put there, once it is taken back. */
export type HeldSide = 'displaced' | 'installed'

/** A row, and where its entry is in the stage, if it is there. */
export type Held = {
  frame: Frame
  d: number
  i: number
  at: NameIn
  /** It lies within the directory of a row above. */
  isInside: boolean
}

/** A place in new/ or old/. */
type Folder = { cursor: Cursor; path: Uint8Array }

/**
 * Visits rows whose entry the stage may hold, children before their directory. Entries that are kept elsewhere are left out.
 * @param open is asked to make a directory accessible that cannot be entered; nothing is opened without
 * @throws HostError
 */
export function forEachHeld(
  stage: Stage,
  side: HeldSide,
  visit: (held: Held) => void,
  open: (cursor: Cursor, path: Uint8Array) => void = () => {},
): void {
  const cursors = { new: createCursor(stage.newFd), old: createCursor(stage.oldFd) }
  const findDisplaced = createDisplacedFinder(stage.journal)
  try {
    forEachDirBackward(stage.journal, (frame, d, first, end) => {
      let inside: Folder | null | undefined
      for (let i = end - 1; i >= first; i--) {
        if (isRoot(frame, i, side)) visit({ frame, d, i, at: rootPlace(stage, frame, i, side), isInside: false })
        if (!goesAlong(frame, d, i, side)) continue
        inside ??=
          side === 'displaced'
            ? displacedDir(stage, cursors, findDisplaced(bytesAt(frame.batch.dirs, d)), frame, d)
            : stagedDir(cursors.new, frame, d)
        const dirFd = inside === null ? -1 : enterOpen(inside, open)
        if (dirFd !== -1) visit({ frame, d, i, at: { dirFd, name: bytesAt(frame.batch.names, i) }, isInside: true })
      }
    })
  } finally {
    closeCursor(cursors.new)
    closeCursor(cursors.old)
  }
}

function isRoot({ op }: Frame, i: number, side: HeldSide): boolean {
  if (side === 'displaced') return (op[i]! & (Op.out | Op.swap)) !== 0 && (op[i]! & Op.keep) === 0
  return (op[i]! & (Op.in | Op.swap)) !== 0 && (op[i]! & Op.moved) === 0
}

function rootPlace({ newFd, oldFd }: Stage, { firstOrdinal, op }: Frame, i: number, side: HeldSide): NameIn {
  const name = ordinalName(firstOrdinal + i)
  const isNew = side === 'installed' || ((op[i]! & Op.swap) !== 0 && exists({ dirFd: newFd, name }))
  return { dirFd: isNew ? newFd : oldFd, name }
}

/** The row's entry comes, or goes, with the directory that it lies in. */
function goesAlong(frame: Frame, d: number, i: number, side: HeldSide): boolean {
  if (side === 'installed') return isInside(frame, d, i)
  const { batch, dirs, op } = frame
  if ((dirs.flags[d]! & Dir.goes) === 0 || (op[i]! & (Op.out | Op.swap)) !== 0) return false
  return batch.seen !== null && batch.seen.kind[i] !== Kind.absent
}

/** Where directory d is that was displaced with one above it; null where that is kept, or has gone nowhere. */
function displacedDir(
  stage: Stage,
  cursors: { new: Cursor; old: Cursor },
  found: FoundAt | null,
  { batch }: Frame,
  d: number,
): Folder | null {
  if (found === null || !isRoot(found.frame, found.i, 'displaced')) return null
  const root = rootPlace(stage, found.frame, found.i, 'displaced')
  const cursor = root.dirFd === stage.newFd ? cursors.new : cursors.old
  return { cursor, path: Buffer.concat([root.name, bytesAt(batch.dirs, d).subarray(found.path.length)]) }
}

function stagedDir(cursor: Cursor, frame: Frame, d: number): Folder {
  return { cursor, path: stageDirOf(frame, d) }
}

function enterOpen({ cursor, path }: Folder, open: (cursor: Cursor, path: Uint8Array) => void): number {
  const fd = enter(cursor, path)
  if (fd !== -1) return fd
  open(cursor, path)
  return enter(cursor, path)
}
