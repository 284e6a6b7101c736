/** A symlink that an earlier changeset has left: rows below it read, change and delete what is outside. */
import { type Attack, fileEntry, row, rows } from '../../support/attack.ts'
import { symlink } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [['way', symlink('../outside')]],
  stream: () => [
    rows(
      row('way/planted', { after: fileEntry('planted') }),
      row('way/secret', { before: fileEntry('secret', { mode: 0o600 }), after: fileEntry('known', { mode: 0o777 }) }),
      row('way/sub/secret', { before: fileEntry('deep secret', { mode: 0o600 }) }),
    ),
  ],
  ends: { outcome: 'conflicts', states: ['parent', 'parent'] },
}
