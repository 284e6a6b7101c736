/** A row without a name that is not the root. */
import { type Attack, fileEntry, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows({ dir: 'sub', name: '', after: fileEntry('') })],
  ends: { error: 'bad-name' },
}
