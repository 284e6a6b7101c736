/** The root goes: it stays, whatever a row says. */
import { type Attack, directoryEntry, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows(row('', { before: directoryEntry() }))],
  ends: { outcome: 'unchanged' },
}
