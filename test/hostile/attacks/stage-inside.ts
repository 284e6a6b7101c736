/** Rows in a stage: a journal and a mark that a later --resume would follow. */
import { type Attack, content, directoryEntry, fileEntry, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [
    rows(
      row('.fsapply-x', { after: directoryEntry({ mode: 0o700 }) }),
      row('.fsapply-x/decided', { after: fileEntry('') }),
      row('.fsapply-x/journal', { after: fileEntry('journal') }),
    ),
    content('journal'),
  ],
  ends: { outcome: 'conflicts' },
}
