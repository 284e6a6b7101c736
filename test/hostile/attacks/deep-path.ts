/** A path of 400,000 levels: what is kept for each must not be as long as its path. */
import { type Attack, fileEntry, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows(row(`${'a/'.repeat(400_000)}x`, { after: fileEntry('') }))],
  ends: { outcome: 'conflicts', states: ['parent'] },
}
