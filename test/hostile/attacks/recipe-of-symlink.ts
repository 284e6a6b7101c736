/** A recipe that copies from a symlink: the file that it leads to is outside. */
import { type Attack, bytesOf, fileEntry, recipe, row, rows } from '../../support/attack.ts'
import { symlink } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [['way', symlink('../outside/secret')]],
  stream: () => [
    rows(row('a', { after: fileEntry('secret') })),
    recipe('secret', [{ from: 'before', path: bytesOf('way'), offset: 0, length: 6 }]),
  ],
  ends: { outcome: 'conflicts' },
}
