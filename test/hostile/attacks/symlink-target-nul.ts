/** A symlink whose target C cuts short. */
import { type Attack, row, rows, symlinkEntry } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [rows(row('way', { after: symlinkEntry('../outside\0/harmless') }))],
  ends: { error: 'bad-value' },
}
