/** A file that links to a symlink: it would be the file that the symlink leads to. */
import { type Attack, bytesOf, fileEntry, row, rows } from '../../support/attack.ts'
import { symlink } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [['a', symlink('../outside/secret')]],
  stream: () => [rows(row('b', { after: fileEntry('secret', { mode: 0o600, link: bytesOf('a') }) }))],
  ends: { outcome: 'conflicts', states: ['links'] },
}
