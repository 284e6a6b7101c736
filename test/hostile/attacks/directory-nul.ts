/** A directory that C cuts short. */
import { type Attack, fileEntry, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows({ dir: '../outside\0', name: 'planted', after: fileEntry('') })],
  ends: { error: 'bad-name' },
}
