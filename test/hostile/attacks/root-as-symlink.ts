/** The root becomes a symlink. */
import { type Attack, directoryEntry, row, rows, symlinkEntry } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows(row('', { before: directoryEntry(), after: symlinkEntry('outside') }))],
  ends: { outcome: 'conflicts' },
}
