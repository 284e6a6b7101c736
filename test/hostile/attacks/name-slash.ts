/** A name that is a path that climbs. */
import { type Attack, fileEntry, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows({ dir: '', name: '../outside/planted', after: fileEntry('') })],
  ends: { error: 'bad-name' },
}
