/** A recipe that copies from a directory. */
import { type Attack, bytesOf, fileEntry, recipe, row, rows } from '../../support/attack.ts'
import { directory } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [['way', directory()]],
  stream: () => [
    rows(row('a', { after: fileEntry('secret') })),
    recipe('secret', [{ from: 'before', path: bytesOf('way'), offset: 0, length: 6 }]),
  ],
  ends: { outcome: 'conflicts' },
}
