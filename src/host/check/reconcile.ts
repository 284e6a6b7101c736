/**
 * Rows that are left out have consequences: a directory that was to go stays where something in it stays; a move needs both
 * of its ends; a further name needs its first; what was edited below a directory that moves does not go from the old place where it
 * does not come to the new one. Passes over the journal until nothing changes.
 */
import { Kind, State } from '../../base/constants.ts'
import { pathAt } from '../../model/batch.ts'
import { bytesAt, optionalBytesAt } from '../../model/bytes-column.ts'
import { joinPath, pathKey } from '../../model/path.ts'
import {
  type Found,
  findOrdinal,
  findRow,
  frameAt,
  frameCount,
  type Journal,
  rewriteFrame,
} from '../journal/journal.ts'
import { rowsUpwards } from '../journal/journal-above.ts'
import { type Frame, movedTo, Op } from '../journal/journal-frame.ts'
import { Dir } from '../journal/lineage.ts'
import { dirAfter } from '../journal/place-after.ts'
import { locateAfter } from '../journal/stage-place.ts'

/** Passes beyond this find nothing that a sound changeset has. */
const PASSES_MAX = 100

/**
 * @param held directories (as pathKey) that hold what no row names, or what is kept there
 * @throws HostError
 */
export function reconcile(journal: Journal, held: ReadonlySet<string>): void {
  const staying = new Set(held)
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    const changed = keepDirectories(journal, staying) + dropDependents(journal)
    if (changed === 0) break
  }
  deleteOneByOne(journal, staying)
}

/** Rows of directories that cannot go are left out; so is then every directory above that was to go. Returns how many. */
function keepDirectories(journal: Journal, staying: Set<string>): number {
  let changed = 0
  for (let k = frameCount(journal) - 1; k >= 0; k--) {
    const frame = frameAt(journal, k)
    let isFrameChanged = false
    forEachRowBackward(frame, (d, i) => {
      const isTaken = (frame.dirs.flags[d]! & Dir.goes) !== 0
      const stay = (): void => {
        if (isTaken) staying.add(pathKey(bytesAt(frame.batch.dirs, d)))
      }
      if (isLeftInPlace(frame, i)) stay()
      if (!goesAway(frame, d, i) || !staying.has(pathKey(pathAt(frame.batch, d, i)))) return
      leaveOut(frame, i)
      isFrameChanged = true
      changed++
      stay()
    })
    if (isFrameChanged) rewriteFrame(journal, k, frame)
  }
  return changed
}

function forEachRowBackward({ batch }: Frame, visit: (d: number, i: number) => void): void {
  for (let d = batch.dirRowEnds.length - 1; d >= 0; d--) {
    const first = d === 0 ? 0 : batch.dirRowEnds[d - 1]!
    for (let i = batch.dirRowEnds[d]! - 1; i >= first; i--) visit(d, i)
  }
}

/** Something is there, and the row does nothing about it. */
function isLeftInPlace({ batch, op }: Frame, i: number): boolean {
  const state = batch.state![i]!
  if (state === State.do || state === State.done) return false
  return (op[i]! & (Op.out | Op.swap)) === 0 && (batch.seen === null || batch.seen.kind[i] !== Kind.absent)
}

/** The row takes a directory away, be it with one above it. */
function goesAway({ batch, op, dirs }: Frame, d: number, i: number): boolean {
  if (batch.seen?.kind[i] !== Kind.directory || batch.state![i] === State.skipped) return false
  if ((op[i]! & (Op.out | Op.swap)) !== 0) return optionalBytesAt(batch.before?.moved ?? null, i).length === 0
  return (dirs.flags[d]! & Dir.goes) !== 0 && batch.after?.kind[i] !== Kind.directory
}

function leaveOut({ batch, op }: Frame, i: number): void {
  op[i] = 0
  if (batch.state![i] === State.do) batch.state![i] = State.skipped
}

/** Moves without their other end, further names without their first, and what lies in a directory that does not come, are left out. Returns how many. */
function dropDependents(journal: Journal): number {
  let changed = 0
  for (let k = 0; k < frameCount(journal); k++) {
    const frame = frameAt(journal, k)
    const before = changed
    const { dirRowEnds } = frame.batch
    for (let d = 0, i = 0; d < dirRowEnds.length; d++) {
      const arrival = arrivalOf(journal, frame, d)
      const comes = arrival === null || isPresent(arrival.row)
      for (; i < dirRowEnds[d]!; i++) {
        if (frame.op[i] === 0) continue
        const isFree = arrival === null || !isTaken(journal, arrival.origin, frame, i)
        if (comes && isFree && isSupported(journal, frame, d, i)) continue
        leaveOut(frame, i)
        changed++
      }
    }
    if (changed > before) rewriteFrame(journal, k, frame)
  }
  return changed
}

/** The row that brings directory d here, itself or with one above it, and where d is before; null where none does. */
function arrivalOf(journal: Journal, { batch, dirs }: Frame, d: number): { row: Found; origin: Uint8Array } | null {
  if ((dirs.flags[d]! & Dir.arrives) === 0) return null
  const path = bytesAt(batch.dirs, d)
  for (const row of rowsUpwards(journal, path)) {
    const origin = optionalBytesAt(row.frame.batch.after?.moved ?? null, row.i)
    if (origin.length > 0) return { row, origin: Buffer.concat([origin, path.subarray(row.path.length)]) }
  }
  return null
}

/** True where something comes along with its directory to the name of row i, for the row that takes it away is left out. */
function isTaken(journal: Journal, origin: Uint8Array, { batch, op }: Frame, i: number): boolean {
  if ((op[i]! & (Op.in | Op.swap)) !== Op.in) return false
  const before = findRow(journal, joinPath(origin, bytesAt(batch.names, i)))
  if (before === null || (before.frame.op[before.i]! & (Op.out | Op.swap)) !== 0) return false
  return before.frame.batch.seen !== null && before.frame.batch.seen.kind[before.i] !== Kind.absent
}

function isSupported(journal: Journal, frame: Frame, d: number, i: number): boolean {
  const op = frame.op[i]!
  const { after } = frame.batch
  if ((op & Op.link) !== 0 && locateAfter(journal, optionalBytesAt(after!.link, i)) === null) return false
  // What is made in a directory comes with it, be that put beside another.
  if ((op & Op.inside) !== 0 && stageRootOp(journal, frame, d) === 0) return false
  if ((op & Op.moved) !== 0) {
    const origin = findRow(journal, optionalBytesAt(after!.moved, i))
    if (origin === null || (origin.frame.op[origin.i]! & Op.out) === 0) return false
    if (!isRootInstalled(journal, frame, d)) return false
  }
  if ((op & Op.out) === 0) return true
  const destination = movedTo(frame, i)
  if (destination.length === 0) return !isLostOnTheWay(journal, frame, d, i)
  const end = findRow(journal, destination)
  return end !== null && end.frame.op[end.i] !== 0
}

/** Row i deletes what lay below a directory whose move is left out, and its successor in that directory does not come. */
function isLostOnTheWay(journal: Journal, { batch, dirs }: Frame, d: number, i: number): boolean {
  if ((batch.after?.kind[i] ?? Kind.absent) !== Kind.absent || (dirs.flags[d]! & Dir.stays) !== 0) return false
  const path = pathAt(batch, d, i)
  for (const above of rowsUpwards(journal, bytesAt(batch.dirs, d))) {
    const destination = movedTo(above.frame, above.i)
    if (destination.length === 0) continue
    if (above.frame.op[above.i] !== 0) return false
    const successor = findRow(journal, Buffer.concat([destination, path.subarray(above.path.length)]))
    return successor !== null && !isPresent(successor)
  }
  return false
}

/** True where a row has an entry at its path in the end, be it there already. */
function isPresent({ frame, i }: Found): boolean {
  return frame.op[i] !== 0 || frame.batch.state![i] === State.done
}

/** What is moved into a staged directory needs that directory to be where its row says. */
function isRootInstalled(journal: Journal, frame: Frame, d: number): boolean {
  if ((frame.dirs.flags[d]! & Dir.staged) === 0) return true
  const op = stageRootOp(journal, frame, d)
  return op !== 0 && (op & Op.beside) === 0
}

/** What is done for the row whose staged directory d is, or is in. */
function stageRootOp(journal: Journal, { dirs }: Frame, d: number): number {
  const root = findOrdinal(journal, dirs.stageRoot[d]!)
  return root === null ? 0 : root.frame.op[root.i]!
}

/** What was to go with a directory that stays goes by itself. */
function deleteOneByOne(journal: Journal, staying: ReadonlySet<string>): void {
  for (let k = 0; k < frameCount(journal); k++) {
    const frame = frameAt(journal, k)
    let isChanged = false
    const { batch, dirs, op } = frame
    for (let d = 0, i = 0; d < batch.dirRowEnds.length; d++) {
      const dir = bytesAt(batch.dirs, d)
      const isStaying = (dirs.flags[d]! & Dir.goes) !== 0 && staying.has(pathKey(dir))
      // One that a directory above takes along is elsewhere in the end.
      if (isStaying) dirs.flags[d] = (dirs.flags[d]! & ~Dir.goes) | (dirAfter(journal, dir) === dir ? Dir.stays : 0)
      isChanged ||= isStaying
      for (; i < batch.dirRowEnds[d]!; i++) {
        const isDelete = batch.state![i] === State.do && (batch.after?.kind[i] ?? Kind.absent) === Kind.absent
        if (!isStaying || !isDelete || op[i] !== 0 || batch.seen?.kind[i] === Kind.absent) continue
        if (!isLostOnTheWay(journal, frame, d, i)) op[i] = Op.out
        else batch.state![i] = State.skipped
      }
    }
    if (isChanged) rewriteFrame(journal, k, frame)
  }
}
