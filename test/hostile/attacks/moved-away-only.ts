/** An entry that is moved away to a path that has no row: it would be gone without a word, so it is a conflict. */
import { type Attack, bytesOf, fileEntry, row, rows } from '../../support/attack.ts'
import { file } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [['from', file('bytes')]],
  stream: () => [rows(row('from', { before: fileEntry('bytes', { moved: bytesOf('to') }) }))],
  ends: { outcome: 'conflicts', states: ['missing'] },
}
