/** A directory that is moved into itself. */
import { type Attack, bytesOf, directoryEntry, row, rows } from '../../support/attack.ts'
import { directory } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [['a', directory({ mode: 0o755 })]],
  stream: () => [
    rows(
      row('a', { before: directoryEntry({ moved: bytesOf('a/b') }) }),
      row('a/b', { after: directoryEntry({ moved: bytesOf('a') }) }),
    ),
  ],
  ends: { outcome: 'conflicts' },
}
