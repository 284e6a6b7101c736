/** What an apply comes to, counted row by row. */
import { Kind, State } from '../../base/constants.ts'
import { isConflict } from '../../host/check/check-state.ts'
import { type Frame, movedTo, Op } from '../../host/journal/journal-frame.ts'
import { frames } from '../../host/journal/journal-walk.ts'
import type { Judge } from './judge.ts'

export type ApplyCounts = {
  rows: number
  /** Rows that held already. */
  done: number
  added: number
  deleted: number
  /** Entries that another took the place of: new contents, another kind, another target. */
  replaced: number
  /** Entries whose metadata alone changed. */
  metadata: number
  /** Further names made. */
  linked: number
  moved: number
  /** Rows in conflict for which nothing is done, and those that are dealt with as the user chose. */
  conflicts: number
  overridden: number
  /** Rows left out. */
  skipped: number
}

export function createCounts(): ApplyCounts {
  return {
    rows: 0,
    done: 0,
    added: 0,
    deleted: 0,
    replaced: 0,
    metadata: 0,
    linked: 0,
    moved: 0,
    conflicts: 0,
    overridden: 0,
    skipped: 0,
  }
}

/** Adds the rows of a decided frame. */
export function countFrame(counts: ApplyCounts, frame: Frame): void {
  counts.rows += frame.batch.rowCount
  for (let i = 0; i < frame.batch.rowCount; i++) counts[nounOf(frame, i)]++
}

function nounOf(frame: Frame, i: number): keyof ApplyCounts {
  const { batch, op } = frame
  const state = batch.state![i]!
  const bits = op[i]!
  if (isConflict(state)) return bits === 0 ? 'conflicts' : 'overridden'
  if (state === State.skipped) return 'skipped'
  if (state === State.done) return 'done'
  if ((bits & Op.link) !== 0) return 'linked'
  if ((bits & Op.moved) !== 0) return 'moved'
  const isAfter = (batch.after?.kind[i] ?? Kind.absent) !== Kind.absent
  const isSeen = (batch.seen?.kind[i] ?? Kind.absent) !== Kind.absent
  if (isAfter) return isSeen ? ((bits & (Op.swap | Op.out)) !== 0 ? 'replaced' : 'metadata') : 'added'
  // The other end of a move has been counted.
  return movedTo(frame, i).length > 0 ? 'done' : 'deleted'
}

/** Counts all rows again: those that were left out have taken others with them. @throws HostError */
export function recount({ journal, settledCount }: Pick<Judge, 'journal' | 'settledCount'>): ApplyCounts {
  const counts = { ...createCounts(), rows: settledCount, done: settledCount }
  for (const frame of frames(journal)) countFrame(counts, frame)
  return counts
}

/** True where there is nothing to do. */
export function isNothing({ rows, done, skipped, conflicts }: ApplyCounts): boolean {
  return rows === done + skipped + conflicts
}
