/** One directory that is moved to two places. */
import { type Attack, bytesOf, directoryEntry, row, rows } from '../../support/attack.ts'
import { directory } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [['from', directory({ mode: 0o755 })]],
  stream: () => [
    rows(
      row('a', { after: directoryEntry({ moved: bytesOf('from') }) }),
      row('b', { after: directoryEntry({ moved: bytesOf('from') }) }),
      row('from', { before: directoryEntry({ moved: bytesOf('a') }) }),
    ),
  ],
  ends: { outcome: 'conflicts' },
}
