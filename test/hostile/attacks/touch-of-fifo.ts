/** A touch of a fifo, which has the time that it speaks of: only regular files are opened, or touched. */
import { hashBytes } from '../../../src/host/native/blake3.ts'
import { type Attack, bytesOf, time, touch } from '../../support/attack.ts'
import { fifo } from '../../support/disk-tree.ts'

const pairs = [{ before: { sec: time[0], nsec: time[1] }, after: { sec: time[0] + 1, nsec: 0 } }]

export const attack: Attack = {
  target: [['a', fifo()]],
  stream: () => [touch(2, hashBytes(bytesOf('')), pairs)],
  ends: { error: 'touched-differ' },
}
