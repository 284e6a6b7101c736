/** An entry that comes from a path that climbs. */
import { type Attack, bytesOf, fileEntry, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows(row('a', { after: fileEntry('secret', { mode: 0o600, moved: bytesOf('../outside/secret') }) }))],
  ends: { error: 'bad-name' },
}
