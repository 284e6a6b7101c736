/** A hard link to a file outside, through a symlink that the target has. */
import { type Attack, bytesOf, fileEntry, row, rows } from '../../support/attack.ts'
import { directory, symlink } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [
    ['a', symlink('../outside')],
    ['z', directory({ mode: 0o755 })],
  ],
  stream: () => [rows(row('z/b', { after: fileEntry('secret', { mode: 0o600, link: bytesOf('a/secret') }) }))],
  ends: { outcome: 'conflicts', states: ['links'] },
}
