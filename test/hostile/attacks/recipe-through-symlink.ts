/** A recipe that copies a file outside, through a symlink. */
import { type Attack, bytesOf, fileEntry, recipe, row, rows } from '../../support/attack.ts'
import { symlink } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [['way', symlink('../outside')]],
  stream: () => [
    rows(row('a', { after: fileEntry('secret') })),
    recipe('secret', [{ from: 'before', path: bytesOf('way/secret'), offset: 0, length: 6 }]),
  ],
  ends: { outcome: 'conflicts' },
}
