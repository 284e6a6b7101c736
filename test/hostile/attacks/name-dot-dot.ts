/** A name that is the directory above. */
import { type Attack, fileEntry, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows({ dir: '', name: '..', after: fileEntry('') })],
  ends: { error: 'bad-name' },
}
