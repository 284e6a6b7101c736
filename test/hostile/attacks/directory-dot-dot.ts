/** A directory outside. */
import { type Attack, fileEntry, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows({ dir: '../outside', name: 'planted', after: fileEntry('') })],
  ends: { error: 'bad-name' },
}
