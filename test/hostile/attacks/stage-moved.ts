/** A directory that is moved to a name that a stage has, with a journal and a mark in it. */
import { type Attack, bytesOf, directoryEntry, row, rows } from '../../support/attack.ts'
import { directory, file } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [
    ['a', directory({ mode: 0o700 })],
    ['a/decided', file('')],
  ],
  stream: () => [
    rows(
      row('.fsapply-x', { after: directoryEntry({ mode: 0o700, moved: bytesOf('a') }) }),
      row('a', { before: directoryEntry({ mode: 0o700, moved: bytesOf('.fsapply-x') }) }),
    ),
  ],
  ends: { outcome: 'problems' },
}
