/** A name that is an absolute path. */
import { type Attack, fileEntry, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: ({ outside }) => [rows({ dir: '', name: `${outside}/planted`, after: fileEntry('') })],
  ends: { error: 'bad-name' },
}
