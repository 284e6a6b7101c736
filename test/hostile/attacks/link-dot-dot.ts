/** A hard link to a path that climbs. */
import { type Attack, bytesOf, fileEntry, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [
    rows(row('later', { after: fileEntry('secret', { mode: 0o600, link: bytesOf('../outside/secret') }) })),
  ],
  ends: { error: 'bad-name' },
}
