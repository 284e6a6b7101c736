/** Rows in a stage without a row of its own. */
import { type Attack, fileEntry, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows(row('.fsapply-x/decided', { after: fileEntry('') }))],
  ends: { outcome: 'conflicts' },
}
