/** A name that links to one that links itself: chains are not followed. */
import { type Attack, bytesOf, content, fileEntry, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [
    rows(
      row('a', { after: fileEntry('x') }),
      row('b', { after: fileEntry('x', { link: bytesOf('a') }) }),
      row('c', { after: fileEntry('x', { link: bytesOf('b') }) }),
      row('d', { after: fileEntry('x', { link: bytesOf('c') }) }),
    ),
    content('x'),
  ],
  ends: { outcome: 'conflicts', states: ['links'] },
}
