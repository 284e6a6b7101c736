/** A name longer than any filesystem has. */
import { type Attack, fileEntry, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows({ dir: '', name: 'n'.repeat(1025), after: fileEntry('') })],
  ends: { error: 'path-too-long' },
}
