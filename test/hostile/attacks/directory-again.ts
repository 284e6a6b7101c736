/** A directory that was left, with other rows. */
import { type Attack, fileEntry, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [
    rows(
      row('sub/a', { after: fileEntry('') }),
      row('top/a', { after: fileEntry('') }),
      row('sub/b', { after: fileEntry('') }),
    ),
  ],
  ends: { error: 'out-of-order' },
}
