/** The same through a symlink that the stream has planted. */
import { type Attack, bytesOf, fileEntry, row, rows, symlinkEntry } from '../../support/attack.ts'
import { directory } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [['z', directory({ mode: 0o755 })]],
  stream: () => [
    rows(
      row('a', { after: symlinkEntry('../outside') }),
      row('z/b', { after: fileEntry('secret', { mode: 0o600, link: bytesOf('a/secret') }) }),
    ),
  ],
  ends: { outcome: 'conflicts', states: ['links'] },
}
