/** The root is moved into itself. */
import { type Attack, bytesOf, directoryEntry, row, rows } from '../../support/attack.ts'

export const attack: Attack = {
  stream: () => [
    rows(
      row('', { before: directoryEntry({ moved: bytesOf('into') }), after: directoryEntry() }),
      row('into', { after: directoryEntry({ moved: bytesOf('mine') }) }),
    ),
  ],
  ends: { outcome: 'conflicts' },
}
