/** A file outside is moved in, through a symlink. */
import { type Attack, bytesOf, fileEntry, row, rows } from '../../support/attack.ts'
import { symlink } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [['way', symlink('../outside')]],
  stream: () => [
    rows(
      row('a', { after: fileEntry('secret', { mode: 0o600, moved: bytesOf('way/secret') }) }),
      row('way/secret', { before: fileEntry('secret', { mode: 0o600, moved: bytesOf('a') }) }),
    ),
  ],
  ends: { outcome: 'conflicts' },
}
