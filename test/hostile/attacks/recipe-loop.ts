/** Two recipes that copy from one another. */
import { type Attack, bytesOf, fileEntry, recipe, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [
    rows(row('a', { after: fileEntry('one') }), row('b', { after: fileEntry('two') })),
    recipe('one', [{ from: 'after', path: bytesOf('b'), offset: 0, length: 3 }]),
    recipe('two', [{ from: 'after', path: bytesOf('a'), offset: 0, length: 3 }]),
  ],
  ends: { outcome: 'conflicts' },
}
