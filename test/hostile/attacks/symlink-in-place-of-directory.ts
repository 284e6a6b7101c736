/** A directory of the target becomes a symlink, and rows below it go on. */
import { type Attack, content, directoryEntry, fileEntry, row, rows, symlinkEntry } from '../../support/attack.ts'
import { directory } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [['way', directory({ mode: 0o755 })]],
  stream: () => [
    rows(
      row('way', { before: directoryEntry(), after: symlinkEntry('../outside') }),
      row('way/planted', { after: fileEntry('planted') }),
    ),
    content('planted'),
  ],
  ends: { outcome: 'conflicts' },
}
