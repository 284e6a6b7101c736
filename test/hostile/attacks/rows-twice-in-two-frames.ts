/** The same row twice, a frame between. */
import { type Attack, directoryEntry, row, rows, symlinkEntry } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows(row('a', { after: directoryEntry() })), rows(row('a', { after: symlinkEntry('../outside') }))],
  ends: { error: 'out-of-order' },
}
