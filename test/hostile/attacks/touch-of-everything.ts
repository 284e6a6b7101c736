/** A touch of as many files as can be said, by as many times as there may be. */
import { Limits } from '../../../src/base/constants.ts'
import { hashBytes } from '../../../src/host/native/blake3.ts'
import { type Attack, bytesOf, time, touch } from '../../support/attack.ts'

const pairs = Array.from({ length: Limits.touchPairsMax }, (_, k) => ({
  before: { sec: time[0] + k, nsec: time[1] },
  after: { sec: Limits.sizeMax - k, nsec: 999_999_999 },
}))

export const attack: Attack = {
  stream: () => [touch(Limits.sizeMax, hashBytes(bytesOf('')), pairs)],
  ends: { error: 'touched-differ' },
}
