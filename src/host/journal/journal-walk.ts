/** Passes over the rows of a journal, forward or backward, a directory at a time. */
import { frameAt, frameCount, type Journal } from './journal.ts'
import type { Frame } from './journal-frame.ts'

/** Rows first..end of a frame lie in its directory d. */
export type VisitRows = (frame: Frame, d: number, first: number, end: number) => void

/** Visits directories in row order. @throws HostError */
export function forEachDir(journal: Journal, visit: VisitRows): void {
  for (let k = 0; k < frameCount(journal); k++) {
    const frame = frameAt(journal, k)
    const { dirRowEnds } = frame.batch
    for (let d = 0; d < dirRowEnds.length; d++) visit(frame, d, d === 0 ? 0 : dirRowEnds[d - 1]!, dirRowEnds[d]!)
  }
}

/** Visits directories backward: whatever lies below a directory comes before its own row. @throws HostError */
export function forEachDirBackward(journal: Journal, visit: VisitRows): void {
  for (let k = frameCount(journal) - 1; k >= 0; k--) {
    const frame = frameAt(journal, k)
    const { dirRowEnds } = frame.batch
    for (let d = dirRowEnds.length - 1; d >= 0; d--) visit(frame, d, d === 0 ? 0 : dirRowEnds[d - 1]!, dirRowEnds[d]!)
  }
}

/** The frames in row order. @throws HostError */
export function* frames(journal: Journal): Iterable<Frame> {
  for (let k = 0; k < frameCount(journal); k++) yield frameAt(journal, k)
}
