/** A content that no row has. */
import { type Attack, content, fileEntry, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows(row('a', { after: fileEntry('') })), content('unasked')],
  ends: { error: 'unneeded-content' },
}
