/** A directory from the root of the system. */
import { type Attack, fileEntry, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: ({ outside }) => [rows({ dir: outside, name: 'planted', after: fileEntry('') })],
  ends: { error: 'bad-name' },
}
