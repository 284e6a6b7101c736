/** An entry that comes from an absolute path. */
import { type Attack, bytesOf, fileEntry, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: ({ outside }) => [
    rows(row('a', { after: fileEntry('secret', { mode: 0o600, moved: bytesOf(`${outside}/secret`) }) })),
  ],
  ends: { error: 'bad-name' },
}
