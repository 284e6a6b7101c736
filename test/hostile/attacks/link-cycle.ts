/** Two names that link to one another. */
import { type Attack, bytesOf, fileEntry, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [
    rows(
      row('a', { after: fileEntry('x', { link: bytesOf('b') }) }),
      row('b', { after: fileEntry('x', { link: bytesOf('a') }) }),
    ),
  ],
  ends: { error: 'bad-link' },
}
