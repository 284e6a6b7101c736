/** A directory that is moved here from a path that has no row. */
import { type Attack, bytesOf, directoryEntry, row, rows } from '../../support/attack.ts'
import { directory, file } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [
    ['from', directory({ mode: 0o755 })],
    ['from/x', file('x')],
  ],
  stream: () => [rows(row('a', { after: directoryEntry({ moved: bytesOf('from') }) }))],
  ends: { outcome: 'conflicts' },
}
