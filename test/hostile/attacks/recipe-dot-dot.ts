/** A recipe that copies from a path that climbs. */
import { type Attack, bytesOf, fileEntry, recipe, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [
    rows(row('a', { after: fileEntry('secret') })),
    recipe('secret', [{ from: 'before', path: bytesOf('../outside/secret'), offset: 0, length: 6 }]),
  ],
  ends: { error: 'bad-recipe' },
}
