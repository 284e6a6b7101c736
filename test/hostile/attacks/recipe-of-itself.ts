/** A recipe that copies from the file that it makes. */
import { type Attack, bytesOf, fileEntry, recipe, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [
    rows(row('a', { after: fileEntry('bytes') })),
    recipe('bytes', [{ from: 'after', path: bytesOf('a'), offset: 0, length: 5 }]),
  ],
  ends: { outcome: 'conflicts' },
}
