/**
 * What an apply does to a target, row by row and in row order, once all is decided: also what it keeps, or puts, beside
 * others under another name. Undo and receipt are made of it.
 */
import { Kind, State } from '../../base/constants.ts'
import { isConflict } from '../../host/check/check-state.ts'
import { besideName, type Policy } from '../../host/check/policy.ts'
import { type Found, findOrdinal, findRow, type Journal } from '../../host/journal/journal.ts'
import { createDisplacedFinder, type DisplacedFinder, rowsUpwards } from '../../host/journal/journal-above.ts'
import { type Frame, movedTo, Op } from '../../host/journal/journal-frame.ts'
import { frames } from '../../host/journal/journal-walk.ts'
import { Dir } from '../../host/journal/lineage.ts'
import { keptDirOf } from '../../host/journal/place-after.ts'
import { forEachRow, pathAt } from '../../model/batch.ts'
import { bytesAt, EMPTY } from '../../model/bytes-column.ts'
import { type Entry, entryAt, ownEntry } from '../../model/entries.ts'
import { compareRowPaths, joinPath, splitPath } from '../../model/path.ts'

export type Happening = {
  dir: Uint8Array
  name: Uint8Array
  /** What is at the path before and after, as far as it is this row that changes it. */
  before: Entry | null
  after: Entry | null
  /** done: so it is. along: the directory above takes it along to where it is kept. left: nothing is done at the path. */
  end: 'done' | 'along' | 'left'
  /** The row of the journal; null for what is beside another. */
  row: Found | null
}

/** Rows that held already are left out: nothing is done for them. @throws HostError */
export function* happenings(journal: Journal, policy: Policy): Generator<Happening> {
  const besides = isKeeping(policy) ? besideRows(journal, policy) : []
  const findDisplaced = createDisplacedFinder(journal)
  let next = 0
  for (const frame of frames(journal)) {
    const rows: Happening[] = []
    forEachRow(frame.batch, (d, i) => {
      const happening = happeningOf(journal, policy, findDisplaced, frame, d, i)
      if (happening !== null) rows.push(happening)
    })
    for (const row of rows) {
      while (next < besides.length && compareRowPaths(pathOf(besides[next]!), pathOf(row)) < 0) yield besides[next++]!
      yield row
    }
  }
  while (next < besides.length) yield besides[next++]!
}

const pathOf = ({ dir, name }: Happening): Uint8Array => (dir.length === 0 ? name : Buffer.concat([dir, SLASH, name]))
const SLASH = Buffer.from('/')

/** True where something may be beside its place under the suffix. */
function isKeeping({ onConflict, hasFolder }: Policy): boolean {
  return onConflict === 'keep-both' || (onConflict === 'overwrite' && !hasFolder)
}

function happeningOf(
  journal: Journal,
  policy: Policy,
  findDisplaced: DisplacedFinder,
  frame: Frame,
  d: number,
  i: number,
): Happening | null {
  const { batch } = frame
  const state = batch.state![i]!
  if (state === State.done) return null
  const place = { dir: bytesAt(batch.dirs, d), name: bytesAt(batch.names, i), row: { frame, d, i } }
  if (besideRoot(journal, frame, d) !== null) return null
  const op = frame.op[i]!
  if ((op & Op.beside) !== 0 || (op === 0 && state !== State.do)) return { ...place, ...sides(frame, i), end: 'left' }
  const isAlong = isKeeping(policy) && op === 0 && isKeptBy(findDisplaced(place.dir))
  const isKept = isKeeping(policy) && (op & Op.keep) !== 0
  const before = seenEntry(frame, i)
  const moved = isKept ? keptPath(journal, policy, frame, d, i) : movedPath(journal, policy, frame, i)
  const wasThere = before === null ? null : { ...before, moved }
  const after = fromThere(journal, linkedTo(journal, policy, entryAt(batch.after, i)))
  return { ...place, before: wasThere, after, end: isAlong ? 'along' : 'done' }
}

function sides({ batch }: Frame, i: number): { before: Entry | null; after: Entry | null } {
  return { before: entryAt(batch.before, i), after: entryAt(batch.after, i) }
}

/** What is there, with the links that the row tells of it where it is what the row expects. */
function seenEntry({ batch }: Frame, i: number): Entry | null {
  const seen = entryAt(batch.seen, i)
  if (seen === null) return null
  const isExpected = !isConflict(batch.state![i]!)
  const link = (isExpected ? entryAt(batch.before, i)?.link : undefined) ?? EMPTY
  return { ...seen, link, moved: EMPTY, hint: null }
}

function keptPath(journal: Journal, policy: Policy, frame: Frame, d: number, i: number): Uint8Array {
  return besideName(policy, joinPath(keptDirOf(journal, frame, d, i), bytesAt(frame.batch.names, i)))
}

/** Where a row's entry goes: where the row says, or beside that. */
function movedPath(journal: Journal, policy: Policy, frame: Frame, i: number): Uint8Array {
  if (isAnother(frame, i)) return EMPTY
  const path = movedTo(frame, i)
  const end = path.length === 0 ? null : findRow(journal, path)
  return (end === null ? null : besidePlace(journal, policy, end)) ?? path
}

/** Where nothing, or another entry, is at the place that this one was to be moved from, it does not come from there. */
function fromThere(journal: Journal, entry: Entry | null): Entry | null {
  if (entry === null || entry.moved.length === 0) return entry
  const origin = findRow(journal, entry.moved)
  const isThere = origin !== null && (origin.frame.batch.seen?.kind[origin.i] ?? Kind.absent) !== Kind.absent
  return isThere && !isAnother(origin.frame, origin.i) ? entry : { ...entry, moved: EMPTY }
}

/** What the row displaces is not what was expected there, and goes no further. */
function isAnother({ batch, op }: Frame, i: number): boolean {
  return isConflict(batch.state![i]!) && (op[i]! & (Op.out | Op.keep)) !== Op.out
}

/** The row above that has put its new directory beside another, where the rows of directory d are made in it. */
function besideRoot(journal: Journal, { dirs }: Frame, d: number): Found | null {
  if ((dirs.flags[d]! & Dir.staged) === 0) return null
  const root = findOrdinal(journal, dirs.stageRoot[d]!)
  return root !== null && (root.frame.op[root.i]! & Op.beside) !== 0 ? root : null
}

/** True where the row that displaces a directory keeps it. */
export function isKeptBy(displaced: Found | null): boolean {
  return displaced !== null && (displaced.frame.op[displaced.i]! & Op.keep) !== 0
}

/** The path in the end of a directory that is not deleted: it goes with the nearest that is moved, or kept under the suffix. */
export function endOfDir(journal: Journal, policy: Policy, dir: Uint8Array): Uint8Array {
  for (const { frame, d, i, path } of rowsUpwards(journal, dir)) {
    const isKept = isKeeping(policy) && (frame.op[i]! & Op.keep) !== 0
    const to = isKept ? keptPath(journal, policy, frame, d, i) : movedTo(frame, i)
    if (frame.op[i] !== 0 && to.length > 0) return Buffer.concat([to, dir.subarray(path.length)])
  }
  return dir
}

/** All that is kept, or put, under the suffix, in row order. They are exceptions, and held in memory. */
function besideRows(journal: Journal, policy: Policy): Happening[] {
  const rows: Happening[] = []
  for (const frame of frames(journal)) {
    forEachRow(frame.batch, (d, i) => {
      const beside = besideRow(journal, policy, frame, d, i)
      if (beside !== null) rows.push(beside)
    })
  }
  return rows.sort((a, b) => compareRowPaths(pathOf(a), pathOf(b)))
}

function besideRow(journal: Journal, policy: Policy, frame: Frame, d: number, i: number): Happening | null {
  const { batch, op } = frame
  const done = { before: null, end: 'done', row: null } as const
  if ((op[i]! & Op.keep) !== 0) {
    const path = pathAt(batch, d, i)
    const seen = seenEntry(frame, i)!
    return { ...splitOwn(keptPath(journal, policy, frame, d, i)), ...done, after: { ...ownEntry(seen), moved: path } }
  }
  const place = besidePlace(journal, policy, { frame, d, i })
  if (place === null) return null
  const after = fromThere(journal, linkedTo(journal, policy, entryAt(batch.after, i)))!
  return { ...splitOwn(place), ...done, after: ownEntry(after) }
}

/** Where a row's new entry is put beside its path, by itself or in a directory that is; null where it is not. */
function besidePlace(journal: Journal, policy: Policy, { frame, d, i }: Found): Uint8Array | null {
  const op = frame.op[i]!
  if (op === 0 || (frame.batch.after?.kind[i] ?? Kind.absent) === Kind.absent) return null
  const path = pathAt(frame.batch, d, i)
  const root = besideRoot(journal, frame, d)
  if (root === null) return (op & Op.beside) === 0 ? null : besideName(policy, path)
  const rootPath = pathAt(root.frame.batch, root.d, root.i)
  return Buffer.concat([besideName(policy, rootPath), path.subarray(rootPath.length)])
}

/** An entry that is linked to one put beside its path has that name for its first. */
function linkedTo<E extends Entry | null>(journal: Journal, policy: Policy, entry: E): E {
  if (entry === null || entry.link.length === 0 || policy.onConflict !== 'keep-both') return entry
  const first = findRow(journal, entry.link)
  const link = first === null ? null : besidePlace(journal, policy, first)
  return link === null ? entry : { ...entry, link }
}

function splitOwn(path: Uint8Array): { dir: Uint8Array; name: Uint8Array } {
  const { dir, name } = splitPath(path)
  return { dir: dir.slice(), name: name.slice() }
}
