/**
 * The commit: once the decision is made, the target becomes what the stage holds, by renames and metadata alone. Rows that
 * take something away come first, children before parents; then rows that put something there, parents before children;
 * then metadata. The way back takes the same steps the other way round. Both can be begun anew after a crash.
 */
import { Kind, State } from '../../base/constants.ts'
import { optionalBytesAt } from '../../model/bytes-column.ts'
import { exchange, type NameIn, renameTo } from '../entry/rename.ts'
import { stx } from '../entry/statx.ts'
import { findRow } from '../journal/journal.ts'
import { type Frame, movedTo, Op } from '../journal/journal-frame.ts'
import { forEachDir, forEachDirBackward } from '../journal/journal-walk.ts'
import { Dir } from '../journal/lineage.ts'
import { hostError } from '../native/call.ts'
import type { Stage } from '../stage/stage.ts'
import { closeCursor, createCursor } from '../target/target-cursor.ts'
import { checkDisplaced } from './check-displaced.ts'
import { isKept, keepEntry, unkeepEntry } from './commit-keep.ts'
import { setFinalMetadata, setSeenMetadata } from './commit-metadata.ts'
import {
  type Commit,
  DriftError,
  displace,
  displacedOrigin,
  exists,
  install,
  isDisplaced,
  isGone,
  isSwapped,
  type Step,
  stepOf,
  swap,
} from './commit-step.ts'
import { copyUp } from './copy-up.ts'
import { endLift } from './lift.ts'

/**
 * Makes the target what the journal says.
 * @param isResumed true where an earlier run may have done a part
 * @param deleteAfter what is only deleted is there until all else is done
 * @throws DriftError where another has changed the target meanwhile; HostError. The way back is then open.
 */
export function commit(stage: Stage, isResumed: boolean, deleteAfter: boolean): void {
  copyUp(stage)
  withCommit(stage, stage.target.fd, isResumed, (state) => goOn(state, deleteAfter))
}

/**
 * The same to a copy of the target (clone-tree.ts), whose files are the target's own inodes. There is no way back: the
 * copy is thrown away.
 * @throws DriftError, HostError
 */
export function commitToCopy(stage: Stage, rootFd: number): void {
  withCommit(stage, rootFd, false, (state) => goOn(state, false))
}

function goOn(state: Commit, deleteAfter: boolean): void {
  try {
    takeSteps(state, deleteAfter)
  } catch (error) {
    if (!isGone(error)) throw error
    throw new DriftError({ path: error.path, state: State.changed, before: null, after: null, seen: null })
  }
}

function takeSteps(state: Commit, deleteAfter: boolean): void {
  const { stage } = state
  displaceAll(state, (frame, d, i) => !deleteAfter || !isDelete(frame, d, i))
  forEachDir(stage.journal, (frame, d, first, end) => {
    for (let i = first; i < end; i++) {
      const op = frame.op[i]!
      if ((op & Op.in) !== 0) install(state, stepOf(state, frame, d, i), (op & Op.moved) !== 0)
      else if ((op & Op.swap) !== 0 && !isKept(state, frame, d, i)) swap(state, stepOf(state, frame, d, i))
    }
  })
  if (deleteAfter) displaceAll(state, isDelete)
  forEachKept(stage, (frame, d, i) => keepEntry(state, frame, d, i))
  setFinalMetadata(state)
  checkDisplaced(state)
}

function displaceAll(state: Commit, isMeant: (frame: Frame, d: number, i: number) => boolean): void {
  forEachDirBackward(state.stage.journal, (frame, d, first, end) => {
    for (let i = end - 1; i >= first; i--) {
      if ((frame.op[i]! & Op.out) === 0 || !isMeant(frame, d, i)) continue
      if (isDisplaced(state, frame, i) || isKept(state, frame, d, i)) continue
      displace(state, stepOf(state, frame, d, i))
    }
  })
}

/** Nothing comes in the entry's place, it goes nowhere else, and the directory that it lies in stays where it is. */
function isDelete(frame: Frame, d: number, i: number): boolean {
  const isAfter = (frame.batch.after?.kind[i] ?? Kind.absent) !== Kind.absent
  return !isAfter && movedTo(frame, i).length === 0 && (frame.dirs.flags[d]! & Dir.stays) !== 0
}

/** Makes the target what it was. @throws HostError; it can be tried again */
export function rollBack(stage: Stage): void {
  endLift(stage)
  withCommit(stage, stage.target.fd, true, (state) => {
    forEachKept(stage, (frame, d, i, op) => unkeepEntry(state, frame, d, i, (op & Op.swap) !== 0))
    forEachDirBackward(stage.journal, (frame, d, first, end) => {
      for (let i = end - 1; i >= first; i--) {
        if ((frame.op[i]! & (Op.in | Op.swap)) !== 0) takeBack(state, frame, d, i)
      }
    })
    forEachDir(stage.journal, (frame, d, first, end) => {
      for (let i = first; i < end; i++) {
        if ((frame.op[i]! & (Op.out | Op.swap)) !== 0) putBack(state, frame, d, i)
      }
    })
    setSeenMetadata(state)
  })
}

function forEachKept(stage: Stage, visit: (frame: Frame, d: number, i: number, op: number) => void): void {
  if (stage.keep.folder === null && stage.keep.suffix.length === 0) return
  forEachDir(stage.journal, (frame, d, first, end) => {
    for (let i = first; i < end; i++) if ((frame.op[i]! & Op.keep) !== 0) visit(frame, d, i, frame.op[i]!)
  })
}

function withCommit(stage: Stage, rootFd: number, isResumed: boolean, work: (state: Commit) => void): void {
  const cursor = createCursor(rootFd)
  try {
    work({ stage, rootFd, isCopy: rootFd !== stage.target.fd, cursor, isResumed, canExchange: true })
  } finally {
    closeCursor(cursor)
  }
}

/** What was installed goes back to where it came from. */
function takeBack(state: Commit, frame: Frame, d: number, i: number): void {
  const op = frame.op[i]!
  const step = tryStep(state, frame, d, i)
  if (step === null) return
  if ((op & Op.swap) !== 0) {
    if (isSwapped(step)) move(state, step, step.staged, step.at, exists(step.at))
    // Where names cannot be exchanged the old entry is in old/, and goes back in the next pass.
    else if (exists(step.displaced) && exists(step.at) && !exists(step.staged))
      move(state, step, step.at, step.staged, false)
    return
  }
  const isMoved = (op & Op.moved) !== 0
  const from = isMoved ? displacedOrigin(state, step) : step.staged
  if (exists(from) || !exists(step.at)) return
  if (isMoved && stx.ino() !== originIno(state, step)) return
  move(state, step, step.at, from, false)
}

function originIno({ stage }: Commit, { frame, i }: Step): bigint {
  const found = findRow(stage.journal, optionalBytesAt(frame.batch.after!.moved, i))!
  return found.frame.batch.seen!.hints!.ino[found.i]!
}

/** What was displaced goes back to its place. */
function putBack(state: Commit, frame: Frame, d: number, i: number): void {
  if (frame.batch.seen === null || frame.batch.seen.kind[i] === Kind.absent) return
  const step = tryStep(state, frame, d, i)
  if (step !== null && exists(step.displaced)) move(state, step, step.displaced, step.at, false)
}

/** The step of a row, or null where its directory is not there: nothing has then been done in it, or it is undone already. */
function tryStep(state: Commit, frame: Frame, d: number, i: number): Step | null {
  try {
    return stepOf(state, frame, d, i)
  } catch (error) {
    if (isGone(error)) return null
    throw error
  }
}

function move({ stage }: Commit, { path }: Step, from: NameIn, to: NameIn, isExchange: boolean): void {
  const { privileges } = stage.keeper
  const result = isExchange ? exchange(from, to, privileges) : renameTo(from, to, privileges)
  if (result !== 0) throw hostError('rename', path)
}
