/** Rows of one frame that go back: a directory that was left is entered again. */
import { type Attack, fileEntry, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows(row('b', { after: fileEntry('') }), row('a', { after: fileEntry('') }))],
  ends: { error: 'out-of-order' },
}
