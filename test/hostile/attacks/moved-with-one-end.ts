/** An entry that is moved here from a path that has no row. */
import { type Attack, bytesOf, content, fileEntry, row, rows } from '../../support/attack.ts'
import { file } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [['from', file('bytes')]],
  stream: () => [rows(row('a', { after: fileEntry('bytes', { moved: bytesOf('from') }) })), content('bytes')],
  ends: { outcome: 'conflicts' },
}
