/** One entry that is moved to two places. */
import { type Attack, bytesOf, content, fileEntry, row, rows } from '../../support/attack.ts'
import { file } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [['from', file('bytes')]],
  stream: () => [
    rows(
      row('a', { after: fileEntry('bytes', { moved: bytesOf('from') }) }),
      row('b', { after: fileEntry('bytes', { moved: bytesOf('from') }) }),
      row('from', { before: fileEntry('bytes', { moved: bytesOf('a') }) }),
    ),
    content('bytes'),
  ],
  ends: { outcome: 'conflicts' },
}
