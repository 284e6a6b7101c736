/**
 * What is done for each row that fits the target: bits of Op. An entry that is only changed in its metadata stays the
 * same inode; everything else is a new one that takes the old one's place. A file with other names is never changed in
 * place: those names, in the tree or outside, would change with it.
 */
import { Kind, State } from '../../base/constants.ts'
import { bytesAt, optionalBytesAt } from '../../model/bytes-column.ts'
import { type Entries, entryAt, hasContent } from '../../model/entries.ts'
import { needsContent } from '../../model/need.ts'
import { compareBytes, joinPath, pathKey } from '../../model/path.ts'
import { findRow } from '../journal/journal.ts'
import { type Frame, Op } from '../journal/journal-frame.ts'
import { Dir } from '../journal/lineage.ts'
import { installBits, locateAfter } from '../journal/stage-place.ts'
import { addConflict, addProblem } from '../target/findings.ts'
import { countLosses, lose, mayMake } from '../target/keeper.ts'
import { isFirstAsSaid } from './check-first.ts'
import { isSameTime, matches } from './check-match.ts'
import { isConflict } from './check-state.ts'
import { bitsOfMoved, isContentAt } from './decide-moved.ts'
import type { Decider } from './decider.ts'
import { besideName, resolve } from './policy.ts'

type Row = {
  frame: Frame
  d: number
  i: number
  after: Entries
  before: Entries | null
  seen: Entries
}

/** Decides every row of the live frame of the journal, in order. @throws HostError */
export function decideFrame(decider: Decider, frame: Frame): void {
  const { dirRowEnds, after } = frame.batch
  for (let d = 0, i = 0; d < dirRowEnds.length; d++) {
    for (; i < dirRowEnds[d]!; i++) {
      const decided = decideRow(decider, frame, d, i)
      const isLink = (decided & Op.link) !== 0
      const isMade = isLink ? isFirstAtHand(decider, frame, d, i) : isMakeable(decider, frame, d, i, decided)
      const op = isMade ? decided : 0
      frame.op[i] = op
      // The time of a directory that holds is set again: nothing of that is lost anew.
      const isWork = op !== 0 && !(op === Op.meta && frame.batch.state![i] === State.done)
      if (isWork && after !== null && after.kind[i] !== Kind.absent) {
        countLosses(decider.keeper, after, i, () => pathOf(frame, d, i))
      }
    }
  }
}

function decideRow(decider: Decider, frame: Frame, d: number, i: number): number {
  const { batch } = frame
  const state = batch.state![i]!
  const seenKind = batch.seen?.kind[i] ?? Kind.absent
  const afterKind = batch.after?.kind[i] ?? Kind.absent
  if (state === State.done && isLinkLeft(decider, frame, i)) {
    batch.state![i] = State.do
    return decideChange(decider, { frame, d, i, after: batch.after!, before: batch.before, seen: batch.seen! })
  }
  // The time of a directory is set again at the end, for what is done in it moves it.
  if (state === State.done) return afterKind === Kind.directory && seenKind === Kind.directory ? Op.meta : 0
  if (isConflict(state)) return decideConflict(decider, frame, d, i)
  if (state !== State.do) return 0
  if (afterKind === Kind.absent) return decideDelete(frame, d, i, seenKind)
  const row = { frame, d, i, after: batch.after!, before: batch.before, seen: batch.seen! }
  return seenKind === Kind.absent ? decideNew(decider, row) : decideChange(decider, row)
}

/** What is kept needs a place that is free, and that stays. */
function decideConflict(decider: Decider, frame: Frame, d: number, i: number): number {
  const { policy, findings, finder } = decider
  const { batch } = frame
  const op = resolve(policy, frame, d, i, () =>
    bitsOfNew(decider, { frame, d, i, after: batch.after!, before: batch.before, seen: batch.seen! }),
  )
  if ((op & (Op.keep | Op.beside)) === 0) return op
  const path = pathOf(frame, d, i)
  const isBeside = (op & Op.beside) !== 0 || !policy.hasFolder
  const isTaken = isBeside ? finder.find(besideName(policy, path)) !== null : decider.isFolderTaken(path)
  if (isTaken) {
    addProblem(findings, 'refused', path, 'the name that it would be kept under is taken')
    return 0
  }
  if (isBeside && (frame.dirs.flags[d]! & Dir.goes) !== 0) findings.held.add(pathKey(bytesAt(batch.dirs, d)))
  return op
}

/** True for a further name that is as it should be, but whose first name gets a new inode: it has to follow. */
function isLinkLeft(decider: Decider, { batch }: Frame, i: number): boolean {
  const { after, seen } = batch
  if (after === null || seen === null || seen.kind[i] === Kind.absent) return false
  const first = optionalBytesAt(after.link, i)
  return first.length > 0 && !isLinked(decider, seen, i, first)
}

/** A device that this process may not make is left out; what is there stays. */
function isMakeable({ keeper }: Decider, frame: Frame, d: number, i: number, op: number): boolean {
  const { after, state } = frame.batch
  const isNew = (op & (Op.in | Op.swap | Op.inside)) !== 0 && (op & Op.moved) === 0
  if (!isNew || mayMake(keeper, after!, i)) return true
  state![i] = State.skipped
  lose(keeper, 'devices', () => pathOf(frame, d, i))
  return false
}

/** The group's first name must be there, as the row says where no other row speaks of it, or be staged, for the row to be linked to it. */
function isFirstAtHand(decider: Decider, frame: Frame, d: number, i: number): boolean {
  const { batch } = frame
  const after = batch.after!
  const first = optionalBytesAt(after.link, i)
  const location = locateAfter(decider.journal, first)
  const found = findRow(decider.journal, first)
  const kind =
    location?.in === 'stage'
      ? location.found.frame.batch.after!.kind[location.found.i]
      : location !== null && decider.finder.find(location.path)?.kind
  const isSaid = found !== null || location?.in === 'stage'
  if (kind === after.kind[i] && (isSaid || isFirstAsSaid(decider, after, i, location!.path))) return true
  if (found !== null && found.frame.batch.state![found.i] === State.skipped) {
    batch.state![i] = State.skipped
    if (!mayMake(decider.keeper, after, i)) lose(decider.keeper, 'devices', () => pathOf(frame, d, i))
    return false
  }
  const isKnown = isConflict(batch.state![i]!)
  batch.state![i] = State.links
  if (isKnown) return false
  const path = pathOf(frame, d, i)
  addConflict(decider.findings, () => ({
    path,
    state: State.links,
    before: entryAt(batch.before, i),
    after: entryAt(after, i),
    seen: entryAt(batch.seen, i),
  }))
  return false
}

function decideDelete({ batch, dirs }: Frame, d: number, i: number, seenKind: number): number {
  const isRoot = bytesAt(batch.dirs, d).length + bytesAt(batch.names, i).length === 0
  if (seenKind === Kind.absent || isRoot) return 0
  const isMovedAway = optionalBytesAt(batch.before?.moved ?? null, i).length > 0
  return (dirs.flags[d]! & Dir.goes) !== 0 && !isMovedAway ? 0 : Op.out
}

function decideNew(decider: Decider, row: Row): number {
  const isRoot = bytesAt(row.frame.batch.names, row.i).length === 0
  if (isRoot) return Op.meta
  return installBits(row.frame, row.d, bitsOfNew(decider, row))
}

/** Where a new object comes from: Op.link, moved, content, or none of them. */
function bitsOfNew(decider: Decider, { frame, after, before, i }: Row): number {
  if (optionalBytesAt(after.link, i).length > 0) return Op.link
  const origin = optionalBytesAt(after.moved, i)
  if (origin.length > 0) {
    const inode = decider.finder.find(origin)
    const moved = inode === null ? 0 : bitsOfMoved(decider, after, i, origin, inode)
    if (moved !== 0) return moved
  }
  if (after.kind[i] !== Kind.file || after.size[i] === 0) return 0
  // A conflict that is overwritten needs the contents whatever the row says of the sides.
  const isForced = frame.batch.state![i] !== State.do
  return isForced || origin.length > 0 || needsContent(before, after, i) ? Op.content : Op.copy
}

function decideChange(decider: Decider, row: Row): number {
  const { after, before, seen, i } = row
  const isMovedAway = optionalBytesAt(before?.moved ?? null, i).length > 0
  const isMovedIn = optionalBytesAt(after.moved, i).length > 0
  if (isMovedAway || isMovedIn) {
    const made = bitsOfNew(decider, row)
    return Op.out | Op.in | made
  }
  if (after.kind[i] === Kind.directory && seen.kind[i] === Kind.directory) return decideMeta(decider, row)
  if (!isSameObject(decider, row)) return Op.swap | bitsOfNew(decider, row)
  const bytes = { target: optionalBytesAt(seen.target, i), xattrs: optionalBytesAt(seen.xattrs, i) }
  if (isSameTime(decider.keeper, after, seen, i) && matches(decider.keeper, after, seen, bytes, i)) return 0
  if ((seen.hints?.nlink[i] ?? 1) === 1 && !decider.isAtomic) return decideMeta(decider, row)
  return Op.swap | (after.kind[i] === Kind.file && after.size[i]! > 0 ? Op.copy : 0)
}

function decideMeta(decider: Decider, { frame, d, seen, i }: Row): number {
  const { isOwnerOfAll, uid } = decider.keeper.privileges
  if (!isOwnerOfAll && seen.uid[i] !== uid) {
    addProblem(decider.findings, 'failed', pathOf(frame, d, i), 'EPERM: it belongs to another user')
  }
  return Op.meta
}

function pathOf({ batch }: Frame, d: number, i: number): Uint8Array {
  return joinPath(bytesAt(batch.dirs, d), bytesAt(batch.names, i))
}

/** True where the inode at the target is the one that the row leads to, be its metadata another. */
function isSameObject(decider: Decider, row: Row): boolean {
  const { after, before, seen, i } = row
  const kind = after.kind[i]!
  if (kind !== seen.kind[i]) return false
  if (kind === Kind.symlink && compareBytes(optionalBytesAt(after.target, i), optionalBytesAt(seen.target, i)) !== 0) {
    return false
  }
  if ((after.rdevMajor?.[i] ?? 0) !== (seen.rdevMajor?.[i] ?? 0)) return false
  if ((after.rdevMinor?.[i] ?? 0) !== (seen.rdevMinor?.[i] ?? 0)) return false
  const link = optionalBytesAt(after.link, i)
  if (link.length > 0) return isLinked(decider, seen, i, link)
  if (kind === Kind.file && !isSameContent(decider, row)) return false
  const oldLink = optionalBytesAt(before?.link ?? null, i)
  return oldLink.length === 0 || claim(decider, oldLink, seen.hints!.ino[i]!)
}

/** True where the first name of the group keeps its inode, and this is it. */
function isLinked({ journal, finder }: Decider, seen: Entries, i: number, first: Uint8Array): boolean {
  const location = locateAfter(journal, first)
  return location?.in === 'target' && finder.find(location.path)?.ino === seen.hints!.ino[i]
}

/** A name that leaves its group may keep the inode where the group's first name does not, and no other name has. */
function claim({ journal, claimed }: Decider, first: Uint8Array, ino: bigint): boolean {
  const found = findRow(journal, first)
  if (found === null || claimed.has(ino)) return false
  const { frame, i } = found
  const isMovedAway = optionalBytesAt(frame.batch.before?.moved ?? null, i).length > 0
  const isDeleted = (frame.batch.after?.kind[i] ?? Kind.absent) === Kind.absent
  if (isMovedAway || !(isDeleted || (frame.op[i]! & (Op.out | Op.swap)) !== 0)) return false
  claimed.add(ino)
  return true
}

function isSameContent(decider: Decider, { frame, d, after, before, seen, i }: Row): boolean {
  if (after.size[i] !== seen.size[i]) return false
  if (after.size[i] === 0) return true
  const isForced = frame.batch.state![i] !== State.do
  if (!isForced && !needsContent(before, after, i)) return true
  // The target may have these bytes already: where the changeset does not know what was before, it is asked.
  if (!hasContent(after, i) || (!isForced && before !== null && hasContent(before, i))) return false
  return isContentAt(decider, after, i, pathOf(frame, d, i), { ino: seen.hints!.ino[i]!, size: seen.size[i]! })
}
