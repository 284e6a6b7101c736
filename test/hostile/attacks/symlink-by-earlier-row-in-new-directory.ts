/** The same below a directory that is made in the stage. */
import { type Attack, content, directoryEntry, fileEntry, row, rows, symlinkEntry } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [
    rows(
      row('new', { after: directoryEntry() }),
      row('new/way', { after: symlinkEntry('../../outside') }),
      row('new/way/planted', { after: fileEntry('planted') }),
    ),
    content('planted'),
  ],
  ends: { outcome: 'conflicts', states: ['parent'] },
}
