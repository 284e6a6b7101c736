/** A directory with nothing behind its last slash. */
import { type Attack, fileEntry, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows({ dir: 'sub/', name: 'planted', after: fileEntry('') })],
  ends: { error: 'bad-name' },
}
