/** A symlink of the target that a row calls the file it leads to. */
import { type Attack, fileEntry, row, rows } from '../../support/attack.ts'
import { symlink } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [['way', symlink('../outside/secret')]],
  stream: () => [
    rows(row('way', { before: fileEntry('secret', { mode: 0o600 }), after: fileEntry('secret', { mode: 0o4777 }) })),
  ],
  ends: { outcome: 'conflicts', states: ['type'] },
}
