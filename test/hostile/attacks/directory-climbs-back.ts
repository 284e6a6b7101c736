/** A directory that climbs from within. */
import { type Attack, fileEntry, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows({ dir: 'sub/../../outside', name: 'planted', after: fileEntry('') })],
  ends: { error: 'bad-name' },
}
