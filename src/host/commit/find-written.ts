/** After a switch of the whole tree: what another has written to a file of the old one that the new one has not. */
import { Kind } from '../../base/constants.ts'
import { pathAt } from '../../model/batch.ts'
import { stx } from '../entry/statx.ts'
import { Op } from '../journal/journal-frame.ts'
import { forEachDir } from '../journal/journal-walk.ts'
import { ordinalName } from '../journal/stage-place.ts'
import type { Stage } from '../stage/stage.ts'
import { exists, isUnwritten } from './commit-step.ts'

/**
 * The path of a file that was replaced or taken away, lies in the stage, and was written to since it was compared; null for none.
 * @throws HostError
 */
export function findWritten({ journal, newFd, oldFd }: Stage): Uint8Array | null {
  let path: Uint8Array | null = null
  forEachDir(journal, ({ batch, op, firstOrdinal }, d, first, end) => {
    const { seen } = batch
    for (let i = first; i < end && path === null; i++) {
      if ((op[i]! & (Op.out | Op.swap)) === 0 || seen?.kind[i] !== Kind.file) continue
      const name = ordinalName(firstOrdinal + i)
      const isWritten = [newFd, oldFd].some(
        (dirFd) => exists({ dirFd, name }) && stx.ino() === seen.hints!.ino[i] && !isUnwritten(seen, i),
      )
      if (isWritten) path = pathAt(batch, d, i)
    }
  })
  return path
}
