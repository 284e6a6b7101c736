/** A symlink to outside, then a row below it. */
import { type Attack, fileEntry, row, rows, symlinkEntry } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [
    rows(row('way', { after: symlinkEntry('../outside') })),
    rows(row('way/planted', { after: fileEntry('') })),
  ],
  ends: { outcome: 'conflicts', states: ['parent'] },
}
