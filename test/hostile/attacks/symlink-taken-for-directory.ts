/** A symlink of the target that a row calls the directory it leads to. */
import { type Attack, directoryEntry, fileEntry, row, rows } from '../../support/attack.ts'
import { symlink } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [['way', symlink('../outside')]],
  stream: () => [
    rows(
      row('way', { before: directoryEntry(), after: directoryEntry({ mode: 0o777 }) }),
      row('way/secret', { before: fileEntry('secret', { mode: 0o600 }) }),
    ),
  ],
  ends: { outcome: 'conflicts' },
}
