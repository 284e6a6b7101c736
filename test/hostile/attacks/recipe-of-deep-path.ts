/** A recipe that copies from a path of 500,000 names, beside a row as deep: whether one above has a row is not asked of each. */
import { type Attack, bytesOf, fileEntry, recipe, row, rows } from '../../support/attack.ts'

const deep = 'a/'.repeat(500_000)

export const attack: Attack = {
  stream: () => [
    rows(row('z', { after: fileEntry('bytes') }), row(`${deep}f`, { before: fileEntry('') })),
    recipe('bytes', [{ from: 'after', path: bytesOf(`${deep}g`), offset: 0, length: 5 }]),
  ],
  ends: { outcome: 'conflicts' },
}
