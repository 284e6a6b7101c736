/** A fifo of the target, where a row expects a file: it is not opened. */
import { type Attack, content, fileEntry, row, rows } from '../../support/attack.ts'
import { fifo } from '../../support/disk-tree.ts'

export const attack: Attack = {
  target: [['a', fifo()]],
  stream: () => [rows(row('a', { before: fileEntry('bytes'), after: fileEntry('other') })), content('other')],
  ends: { outcome: 'conflicts', states: ['type'] },
}
