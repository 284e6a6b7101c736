/** A name that C cuts short. */
import { type Attack, fileEntry, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows({ dir: '', name: '..\0harmless', after: fileEntry('') })],
  ends: { error: 'bad-name' },
}
