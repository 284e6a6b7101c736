/**
 * The end of the tree that a switch has put aside: entries that the new tree has no more go where they are as they were compared, all
 * others where the new tree has them, too. Whatever came meanwhile stays.
 */
import { Kind } from '../../base/constants.ts'
import { pathAt } from '../../model/batch.ts'
import { bytesAt } from '../../model/bytes-column.ts'
import type { Journal } from '../journal/journal.ts'
import { Op } from '../journal/journal-frame.ts'
import { forEachDirBackward } from '../journal/journal-walk.ts'
import { Dir } from '../journal/lineage.ts'
import { removeName, removeShared } from '../target/clone-tree.ts'
import { closeCursor, createCursor, enter } from '../target/target-cursor.ts'
import { exists, isSeen } from './commit-step.ts'

/**
 * Removes all but stages below the root of the old tree. No stage holds names of its files any more.
 * @returns the path of something that stays, or null
 * @throws HostError
 */
export function removeOld(journal: Journal, rootFd: number): Uint8Array | null {
  const cursor = createCursor(rootFd)
  try {
    forEachDirBackward(journal, ({ batch, dirs, op }, d, first, end) => {
      const { seen } = batch
      const goes = (dirs.flags[d]! & Dir.goes) !== 0
      for (let i = end - 1; i >= first; i--) {
        const isDisplaced = goes || (op[i]! & (Op.out | Op.swap)) !== 0
        if (!isDisplaced || seen === null || seen.kind[i] === Kind.absent || seen.kind[i] === Kind.directory) continue
        const dirFd = enter(cursor, bytesAt(batch.dirs, d))
        const name = bytesAt(batch.names, i)
        if (dirFd === -1 || !exists({ dirFd, name })) continue
        if (isSeen(seen, i)) removeName(dirFd, name, 0, pathAt(batch, d, i))
      }
    })
  } finally {
    closeCursor(cursor)
  }
  return removeShared(rootFd)
}
