/** A touch that finds its files only where a symlink of the target is followed, to a directory outside. */
import { hashBytes } from '../../../src/host/native/blake3.ts'
import { type Attack, bytesOf, time, touch } from '../../support/attack.ts'
import { symlink } from '../../support/disk-tree.ts'

const pairs = [{ before: { sec: time[0], nsec: time[1] }, after: { sec: time[0] + 1, nsec: 0 } }]

export const attack: Attack = {
  target: [['way', symlink('../outside')]],
  stream: () => [touch(3, hashBytes(bytesOf('')), pairs)],
  ends: { error: 'touched-differ' },
}
