/** A recipe that says to copy more than the file has. */
import { hashBytes } from '../../../src/host/native/blake3.ts'
import { EMPTY } from '../../../src/model/bytes-column.ts'
import type { RecipeRange } from '../../../src/model/item.ts'
import { type Attack, bytesOf, fileEntry, row, rows } from '../../support/attack.ts'

const ranges: RecipeRange[] = [{ from: 'before', path: bytesOf('mine'), offset: 0, length: 2 ** 20 }]

export const attack: Attack = {
  stream: () => [
    rows(row('a', { after: fileEntry('mine', { size: 2 ** 20 }) })),
    {
      kind: 'recipe',
      recipe: { id: hashBytes(bytesOf('mine')), size: 2 ** 20, literals: EMPTY, ranges, squeezes: [] },
    },
  ],
  ends: { outcome: 'conflicts' },
}
