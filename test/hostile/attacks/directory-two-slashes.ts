/** A directory with an empty name in it. */
import { type Attack, fileEntry, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows({ dir: 'sub//deeper', name: 'planted', after: fileEntry('') })],
  ends: { error: 'bad-name' },
}
