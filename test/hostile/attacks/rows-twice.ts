/** The same row twice in one frame: a file, then a symlink at its path. */
import { type Attack, fileEntry, row, rows, symlinkEntry } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows(row('a', { after: fileEntry('') }), row('a', { after: symlinkEntry('../outside') }))],
  ends: { error: 'out-of-order' },
}
