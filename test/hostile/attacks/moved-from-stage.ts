/** An entry that comes from a stage folder. */
import { type Attack, bytesOf, directoryEntry, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [
    rows(
      row('.fsapply-x', { before: directoryEntry({ moved: bytesOf('a') }) }),
      row('a', { after: directoryEntry({ moved: bytesOf('.fsapply-x') }) }),
    ),
  ],
  ends: { outcome: 'conflicts' },
}
