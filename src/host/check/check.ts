/**
 * Compares rows with the target's real state (spec §8): each matches what its before side says, or already what its after
 * side says, or neither, which is a conflict. Reads only. Everything goes through descriptors below the held root.
 */
import { Kind, State } from '../../base/constants.ts'
import type { Batch } from '../../model/batch.ts'
import { bytesAt, EMPTY, optionalBytesAt } from '../../model/bytes-column.ts'
import { entryAt, hasContent } from '../../model/entries.ts'
import { needsContent } from '../../model/need.ts'
import { joinPath } from '../../model/path.ts'
import type { IsSpelt } from '../entry/spelling.ts'
import type { Frame } from '../journal/journal-frame.ts'
import { Dir } from '../journal/lineage.ts'
import { addConflict, addProblem, type Findings } from '../target/findings.ts'
import type { Keeper } from '../target/keeper.ts'
import { isKeptAs, keptTime } from '../target/kept-time.ts'
import { isStageName, type Target } from '../target/target.ts'
import { createInodeFinder, hasLinks, type InodeFinder, isContent } from './check-content.ts'
import {
  closeDirs,
  createDirChecker,
  type DirChecker,
  dirColumns,
  enterDir,
  finishDirs,
  nameEntry,
  noteDir,
} from './check-dir.ts'
import { isAsPlanned, isSameTime, matches } from './check-match.ts'
import {
  createSight,
  idOf,
  look,
  lookAway,
  overlook,
  type Row,
  type Sight,
  seenEntry,
  startLooking,
} from './check-see.ts'
import { isConflict } from './check-state.ts'
import type { Glance } from './look.ts'
import { isForced, type Policy } from './policy.ts'

export type CheckOptions = {
  /** Equal size and time are taken for equal contents. */
  quick: boolean
  /** The rows come with what a plan saw: what has drifted since is a conflict. */
  isPlan: boolean
  policy: Policy
  /** Which rows are left out: those that the user did not choose; null: none. */
  isLeftOut: ((batch: Batch, i: number, path: () => Uint8Array) => boolean) | null
}

export type Checker = {
  keeper: Keeper
  options: CheckOptions
  findings: Findings
  sight: Sight
  finder: InodeFinder
  dirs: DirChecker
  /** Null where an entry has the name that it is found under. */
  isSpelt: IsSpelt | null
  rowCount: number
}

export function createChecker(
  target: Target,
  keeper: Keeper,
  isSpelt: IsSpelt | null,
  options: CheckOptions,
  findings: Findings,
): Checker {
  return {
    keeper,
    options,
    findings,
    sight: createSight(target.fd, keeper.xattrs, findings),
    finder: createInodeFinder(target.fd),
    dirs: createDirChecker(target, findings),
    isSpelt,
    rowCount: 0,
  }
}

/**
 * Compares the next batch of the stream. In the frame it returns, the batch has states and what was seen; its operations
 * are still to be decided.
 * @param glance what was seen at its names beforehand, or null
 * @throws HostError
 */
export function checkBatch(checker: Checker, batch: Batch, glance: Glance | null): Frame {
  const { sight } = checker
  startLooking(sight, glance)
  const state = new Uint8Array(batch.rowCount)
  const dirs = dirColumns(batch.dirRowEnds.length)
  for (let d = 0, i = 0; d < batch.dirRowEnds.length; d++) {
    const dir = bytesAt(batch.dirs, d)
    const fd = enterDir(checker.dirs, dir, dirs, d)
    if (fd !== -1) sight.xattrs?.enter(fd)
    for (; i < batch.dirRowEnds[d]!; i++) {
      const row: Row = { batch, dir, fd, i, name: bytesAt(batch.names, i), flags: checker.dirs.flags }
      state[i] = checkRow(checker, row)
      noteDirectory(checker, row, state[i]!, checker.rowCount + i)
      if (isConflict(state[i]!)) report(checker, row, state[i]!)
    }
    dirs.flags[d] = checker.dirs.flags
  }
  const frame: Frame = {
    firstOrdinal: checker.rowCount,
    batch: { ...batch, state, seen: sight.seen.take(batch.rowCount) },
    dirs,
    op: new Uint16Array(batch.rowCount),
  }
  checker.rowCount += batch.rowCount
  return frame
}

/** After the last batch: finds what the rows have left out. @throws HostError */
export function finishCheck(checker: Checker): void {
  finishDirs(checker.dirs)
}

export function closeChecker(checker: Checker): void {
  closeDirs(checker.dirs)
  checker.finder.close()
}

/** The state of a row; what was seen is in row i of the sight. */
function checkRow(checker: Checker, row: Row): number {
  const { batch, i, flags } = row
  lookAway(checker.sight)
  if (row.dir.length === 0 && isStageName(row.name, 0, row.name.length)) return refuse(checker, row)
  const { isSpelt } = checker
  const { isLeftOut, isPlan } = checker.options
  const isThere = (flags & Dir.here) === 0 ? overlook(checker.sight, i) : look(checker.sight, row)
  // What a plan leaves out stays left out.
  if (isPlan && batch.state?.[i] === State.skipped) return State.skipped
  if (isLeftOut?.(batch, i, () => joinPath(row.dir, row.name))) return State.skipped
  if (isThere) nameEntry(checker.dirs, row.name)
  if ((flags & Dir.blocked) !== 0) return State.parent
  const hasBefore = batch.before !== null && batch.before.kind[i] !== Kind.absent
  const hasAfter = batch.after !== null && batch.after.kind[i] !== Kind.absent
  if (hasAfter && (flags & (Dir.stays | Dir.staged | Dir.arrives)) === 0) return State.parent
  if (isThere && isSpelt !== null && row.name.length > 0 && !isSpelt(row.fd, row.dir, row.name)) {
    // What is there is another's, which a delete of this name must leave alone.
    if (hasAfter) return State.exists
    checker.sight.seen.clear(i)
    return State.done
  }
  // A tree begins with a directory.
  if (row.name.length === 0 && hasAfter && batch.after!.kind[i] !== Kind.directory) return State.type
  // It stays when all that is in it goes.
  if (row.name.length === 0 && !hasAfter) return State.done
  const isDrifted = isPlan && !isPlanned(checker, row, isThere)
  const state = isThere
    ? stateOfSeen(checker, row, hasBefore, hasAfter)
    : stateOfAbsent(checker, row, hasBefore, hasAfter)
  // What was done since, by whom ever, is not to be done again.
  return isDrifted && state !== State.done ? State.changed : state
}

function refuse(checker: Checker, row: Row): number {
  overlook(checker.sight, row.i)
  addProblem(checker.findings, 'refused', joinPath(row.dir, row.name), 'a name that stage folders have')
  return State.skipped
}

function isPlanned({ sight }: Checker, { batch, i }: Row, isThere: boolean): boolean {
  return batch.seen === null ? !isThere : isAsPlanned(batch.seen, sight.seen, sight.bytes, i)
}

function stateOfAbsent(checker: Checker, row: Row, hasBefore: boolean, hasAfter: boolean): number {
  if (!hasAfter) return State.done
  // A root that does not exist is made, whatever the changeset expected of it.
  if (row.name.length === 0) return State.do
  return !hasBefore && isOriginThere(checker, row) ? State.do : State.missing
}

function stateOfSeen(checker: Checker, row: Row, hasBefore: boolean, hasAfter: boolean): number {
  const { batch, i, name } = row
  const { seen } = checker.sight
  const isAfter = hasAfter && isSide(checker, row, 'after')
  if (isAfter && isSameTime(checker.keeper, batch.after!, seen, i) && !isYetToMove(checker, row)) return State.done
  if (!hasBefore && isAnotherDirectory(checker, row)) return State.exists
  if (isAfter) return State.do
  // The root is there whatever a snapshot is restored into; its metadata is what the row sets.
  if (!hasBefore) return name.length === 0 && batch.after!.kind[i] === Kind.directory ? State.do : State.exists
  if (isSide(checker, row, 'before')) return isOriginThere(checker, row) ? State.do : State.missing
  if (batch.before!.kind[i] !== seen.kind[i]) return State.type
  // It is the entry that was expected in all but its links.
  const hasLink = optionalBytesAt(batch.before!.link, i).length > 0
  return hasLink && matches(checker.keeper, batch.before!, seen, checker.sight.bytes, i) ? State.links : State.changed
}

/** What is to be moved away and what shall take its place can be equal, or names of one file: it is done when it has arrived. */
function isYetToMove(checker: Checker, row: Row): boolean {
  const { keeper, finder, sight } = checker
  const { batch, i } = row
  const { before } = batch
  const to = optionalBytesAt(before?.moved ?? null, i)
  if (to.length === 0 || finder.find(to) !== null) return false
  return matches(keeper, before!, sight.seen, sight.bytes, i) && isContentOfSide(checker, row, 'before')
}

/** True where what was seen is what one side of the row says. */
function isSide(checker: Checker, row: Row, which: 'before' | 'after'): boolean {
  const { batch, i } = row
  const { sight, keeper, finder } = checker
  const side = batch[which]!
  if (!matches(keeper, side, sight.seen, sight.bytes, i)) return false
  const other = which === 'before' ? batch.after : batch.before
  return hasLinks(finder, side, other, i, sight.seen.ino[i]!) && isContentOfSide(checker, row, which)
}

/** True where the bytes of what was seen, which the side describes otherwise, are those of the side. */
function isContentOfSide(checker: Checker, row: Row, which: 'before' | 'after'): boolean {
  const { batch, i } = row
  const { sight } = checker
  const side = batch[which]!
  if (sight.seen.kind[i] !== Kind.file) return true
  const isBlind = isContentAlone(checker.keeper, batch, i)
  // What is not known to hold already is done, once more if need be.
  if (isBlind && which === 'after' && !hasContent(side, i)) return false
  return (checker.options.quick && !isBlind) || isContent(side, i, () => idOf(sight, row))
}

/** True where the row changes contents and neither size nor a time that is kept: no one can say which of its sides is there. */
function isContentAlone({ filesystem }: Keeper, { before, after }: Batch, i: number): boolean {
  if (before === null || after === null || before.kind[i] !== Kind.file || after.kind[i] !== Kind.file) return false
  if (before.size[i] !== after.size[i] || !needsContent(before, after, i)) return false
  const was = keptTime(filesystem, before.mtimeSec[i]!, before.mtimeNsec[i]!)
  return isKeptAs(filesystem, after.mtimeSec[i]!, after.mtimeNsec[i]!, was.sec, was.nsec)
}

/** Where a row says that its entry was moved from, there must be such an entry. */
function isOriginThere({ finder }: Checker, { batch, i }: Row): boolean {
  const origin = batch.after === null ? EMPTY : optionalBytesAt(batch.after.moved, i)
  return origin.length === 0 || finder.find(origin)?.kind === batch.after!.kind[i]
}

/**
 * There is a directory where one is to be moved here from, so that the one that is here is another: what it holds would be lost with
 * it. One that is here to the last detail may have been moved already, and another have taken its old place: check-moves.ts sees to it.
 */
function isAnotherDirectory(checker: Checker, row: Row): boolean {
  const { after } = row.batch
  const isMoved = after !== null && optionalBytesAt(after.moved, row.i).length > 0
  return isMoved && after.kind[row.i] === Kind.directory && isOriginThere(checker, row)
}

/** Tells the rows below a directory what becomes of it. */
function noteDirectory(checker: Checker, row: Row, state: number, ordinal: number): void {
  const { batch, i } = row
  const isHere = checker.sight.seen.kind[i] === Kind.directory
  const isAfter = batch.after?.kind[i] === Kind.directory
  if (!isHere && !isAfter && batch.before?.kind[i] !== Kind.directory) return
  const fate = fateOf(checker, row, state, isHere, isAfter)
  const origin = (fate & Dir.arrives) === 0 ? null : optionalBytesAt(batch.after!.moved, i).slice()
  noteDir(checker.dirs, batch.names, i, { flags: fate | (isAfter ? Dir.hasRow : 0), ordinal, origin })
}

/** What becomes of what is at the row's name, before and after, as far as rows below are concerned. */
function fateOf(checker: Checker, row: Row, state: number, isHere: boolean, isAfter: boolean): number {
  const { batch, i, name } = row
  const here = isHere ? Dir.here : 0
  if (name.length === 0) return here | Dir.stays
  // What is there is what shall be there.
  if (state === State.done) return here === 0 ? 0 : here | Dir.stays
  const isMovedAway = optionalBytesAt(batch.before?.moved ?? null, i).length > 0
  const isMovedIn = isAfter && optionalBytesAt(batch.after!.moved, i).length > 0
  const isMerge = isHere && isAfter && (isMovedAway || isMovedIn)
  const comes = isMovedIn ? 'moved' : isAfter ? 'new' : 'none'
  const isOverruled = state !== State.parent && !isMerge && isForced(checker.options.policy, comes, isHere)
  if (state !== State.do && !isOverruled) return here === 0 ? Dir.blocked : here | Dir.stays
  if (isHere && isAfter && !isMovedAway && !isMovedIn) return Dir.here | Dir.stays
  const before = isHere && !isMovedAway ? here | Dir.goes : here
  if (!isAfter) return before
  return before | (isMovedIn ? Dir.arrives : Dir.staged)
}

function report({ findings, sight }: Checker, row: Row, state: number): void {
  const { batch, i } = row
  addConflict(findings, () => ({
    path: joinPath(row.dir, row.name),
    state,
    before: entryAt(batch.before, i),
    after: entryAt(batch.after, i),
    seen: seenEntry(sight, i),
  }))
}
