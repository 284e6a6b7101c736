/** The root becomes a file. */
import { type Attack, directoryEntry, fileEntry, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows(row('', { before: directoryEntry(), after: fileEntry('') }))],
  ends: { outcome: 'conflicts' },
}
