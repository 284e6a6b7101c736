/** A fifo of the target that a row moves as a file. */
import { type Attack, bytesOf, fileEntry, row, rows } from '../../support/attack.ts'
import { fifo } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [['a', fifo()]],
  stream: () => [
    rows(
      row('a', { before: fileEntry('bytes', { moved: bytesOf('b') }) }),
      row('b', { after: fileEntry('bytes', { moved: bytesOf('a') }) }),
    ),
  ],
  ends: { outcome: 'conflicts' },
}
