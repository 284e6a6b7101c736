/** A row that is named as a stage is. */
import { type Attack, directoryEntry, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows(row('.fsapply-x', { after: directoryEntry() }))],
  ends: { outcome: 'problems' },
}
