/**
 * After a switch of the whole tree: what of the old tree, whose entries the new one has no more, is not as it was compared. What came
 * to the old tree is found otherwise (clone-tree.ts).
 */
import { Kind } from '../../base/constants.ts'
import { pathAt } from '../../model/batch.ts'
import { bytesAt } from '../../model/bytes-column.ts'
import { stx } from '../entry/statx.ts'
import type { Stage } from '../stage/stage.ts'
import { closeCursor, createCursor, enter } from '../target/target-cursor.ts'
import { exists, isSeen } from './commit-step.ts'
import { forEachHeld, type Held } from './held-entries.ts'

/** The stage and the old tree. */
const NAMES = 2

/**
 * The path of an entry that was replaced or taken away, and has gone from its place in the old tree, is another by now, or as a file
 * was written to or got a further name; null for none.
 * @throws HostError
 */
export function findWritten(stage: Stage): Uint8Array | null {
  const tree = createCursor(stage.target.fd)
  let path: Uint8Array | null = null
  const isThere = ({ frame, d, i }: Held): boolean => {
    const dirFd = enter(tree, bytesAt(frame.batch.dirs, d))
    return dirFd !== -1 && exists({ dirFd, name: bytesAt(frame.batch.names, i) })
  }
  try {
    forEachHeld(stage, 'displaced', (held) => {
      if (path !== null || !exists(held.at)) return
      if (!isThere(held) || !isOwn(held)) path = pathAt(held.frame.batch, held.d, held.i)
    })
  } finally {
    closeCursor(tree)
  }
  return path
}

/** Of what statx saw last: it is what the check saw, and has no other names. */
function isOwn({ frame, i }: Held): boolean {
  const seen = frame.batch.seen!
  if (!isSeen(seen, i)) return false
  return seen.kind[i] === Kind.directory || seen.hints!.nlink[i] !== 1 || stx.nlink() <= NAMES
}
