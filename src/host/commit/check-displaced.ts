/**
 * The last look before a commit is complete: what it has displaced is what the check saw, and nothing else. Whatever came to a directory
 * that goes, or was written there, since it was compared is nobody's to delete (spec §8.1).
 */
import { Kind, State } from '../../base/constants.ts'
import { pathAt } from '../../model/batch.ts'
import { bytesAt } from '../../model/bytes-column.ts'
import { entryAt } from '../../model/entries.ts'
import { joinPath, pathKey } from '../../model/path.ts'
import { openBeneath } from '../entry/beneath.ts'
import { namesOf } from '../entry/dir.ts'
import type { NameIn } from '../entry/rename.ts'
import { stx } from '../entry/statx.ts'
import { findRow } from '../journal/journal.ts'
import type { Frame } from '../journal/journal-frame.ts'
import { hostError } from '../native/call.ts'
import { O_DIRECTORY, O_RDONLY } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { type Commit, DriftError, exists, isAsSeen } from './commit-step.ts'
import { forEachHeld, type Held } from './held-entries.ts'

/** @throws DriftError, HostError */
export function checkDisplaced(commit: Commit): void {
  /** Entries that directories still to come were seen to have. */
  const counts = new Map<string, number>()
  forEachHeld(commit.stage, 'displaced', (held) => {
    const { frame, d, i, at } = held
    if (!exists(at)) {
      // What was moved has gone on.
      if (held.isInside) throw drift(frame, d, i, State.missing)
      return
    }
    if (!isAsSeen(commit, frame, i) || !isUnchanged(commit, held)) throw drift(frame, d, i, State.changed)
    if (held.isInside) {
      const dir = pathKey(bytesAt(frame.batch.dirs, d))
      counts.set(dir, (counts.get(dir) ?? 0) + 1)
    }
    if (frame.batch.seen!.kind[i] === Kind.directory) checkNames(commit, held, counts)
  })
}

/** Of what statx saw last. Nothing of ours changes a file that goes with its directory, unless it has other names. */
function isUnchanged({ isCopy, isResumed }: Commit, { frame, i, isInside }: Held): boolean {
  const { hints, kind } = frame.batch.seen!
  if (!isInside || isCopy || isResumed || kind[i] !== Kind.file || hints!.nlink[i] !== 1) return true
  return stx.ctimeSec() === hints!.ctimeSec[i] && stx.ctimeNsec() === hints!.ctimeNsec[i]
}

/** The names of a displaced directory are those that were met in it. */
function checkNames({ stage }: Commit, { frame, d, i, at }: Held, counts: Map<string, number>): void {
  const path = pathAt(frame.batch, d, i)
  const names = namesIn(at, path)
  const key = pathKey(path)
  const count = counts.get(key) ?? 0
  counts.delete(key)
  if (names.length === count) return
  const isNamed = (name: Uint8Array): boolean => {
    const row = findRow(stage.journal, joinPath(path, name))
    return row !== null && (row.frame.batch.seen?.kind[row.i] ?? Kind.absent) !== Kind.absent
  }
  const name = names.find((other) => !isNamed(other)) ?? names[0]!
  const conflict = { path: joinPath(path, name), state: State.exists, before: null, after: null, seen: null }
  throw new DriftError(conflict)
}

function namesIn({ dirFd, name }: NameIn, path: Uint8Array): Uint8Array[] {
  const fd = openBeneath(dirFd, name, O_RDONLY | O_DIRECTORY)
  if (fd === -1) throw hostError('open', path)
  try {
    return namesOf(fd, path)
  } finally {
    libc.close(fd)
  }
}

function drift({ batch }: Frame, d: number, i: number, state: number): DriftError {
  const [before, after] = [entryAt(batch.before, i), entryAt(batch.after, i)]
  return new DriftError({ path: pathAt(batch, d, i), state, before, after, seen: null })
}
