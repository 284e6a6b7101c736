/** The row of the root behind others, when all has been decided. */
import { type Attack, fileEntry, row, rows, symlinkEntry } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows(row('a', { after: fileEntry('') })), rows(row('', { after: symlinkEntry('outside') }))],
  ends: { error: 'out-of-order' },
}
