/** Invalid touches (rule, and what of concerns them). */
import { file, fileRow } from './common.mjs'
import { header, optionalFields, problems, rows, touch } from './frames.mjs'
import { integer } from './pieces.mjs'
import { hashHex, stream } from './stream.mjs'

const digest = hashHex('files')
const told = (times, options) => touch({ fileCount: 2, digest, times }, options)
const pair = told([['1700000000', '1710000000']])
const allowing = header({ features: ['touch'] })
const changeset = (...frames) => stream('changeset', [allowing, ...frames])
const of = (...times) => changeset(told(times))
const field = (name, value) => changeset(told([['1', '2']], { fields: (fields) => fields.set(name, value) }))
const time = (sec, nsec) => Buffer.concat([integer(sec, 8), integer(nsec, 4)])

/** [name, code, where, what is wrong, the stream]. */
export const invalidTouches = [
  [
    'touch-not-announced',
    'bad-touch',
    1,
    'A touch, though the header does not name the feature.',
    () => stream('changeset', [header(), pair]),
  ],
  ['touch-in-snapshot', 'bad-touch', 1, 'A touch in a snapshot.', () => stream('snapshot', [allowing, pair])],
  ['touch-in-plan', 'bad-touch', 1, 'A touch in a plan.', () => stream('plan', [allowing, pair])],
  [
    'touch-behind-rows',
    'bad-touch',
    2,
    'A touch behind rows.',
    () => changeset(rows([{ ...fileRow('a'), before: { ...file, mode: '0600' } }]), pair),
  ],
  [
    'touch-behind-problem',
    'bad-touch',
    2,
    'A touch that is not the first behind the header.',
    () => changeset(problems([{ path: 'a', code: 'changed', phase: 'scan' }]), pair),
  ],
  ['touch-twice', 'bad-touch', 2, 'A second touch.', () => changeset(pair, told([['1', '2']]))],
  ['touch-descending', 'bad-touch', 1, 'Pairs that do not ascend.', () => of(['3', '4'], ['1', '2'])],
  ['touch-same-before', 'bad-touch', 1, 'A time that becomes two others.', () => of(['1', '2'], ['1', '3'])],
  [
    'touch-same-after',
    'bad-touch',
    1,
    'Two times that become one: nobody could tell them apart later.',
    () => of(['1', '3'], ['2', '3']),
  ],
  ['touch-chain', 'bad-touch', 1, 'A time that files have and that others get.', () => of(['1', '2'], ['2', '3'])],
  ['touch-nothing', 'bad-touch', 1, 'A time that becomes itself.', () => of(['1', '1'])],
  [
    'touch-nanoseconds',
    'bad-value',
    1,
    'A thousand million nanoseconds.',
    () => field('before', time(1, 1_000_000_000)),
  ],
  ['touch-seconds', 'bad-value', 1, 'A time that is too far away.', () => field('after', time(2n ** 53n, 0))],
  ['touch-seconds-before', 'bad-value', 1, 'A time too long ago.', () => field('before', time(-(2n ** 53n), 0))],
  ['touch-no-files', 'bad-field', 1, 'A touch of no file.', () => field('fileCount', integer(0, 8))],
  ['touch-no-pairs', 'bad-field', 1, 'A touch without a pair of times.', () => field('count', 0)],
  ['touch-short', 'bad-field', 1, 'Fewer times than pairs.', () => field('after', time(2, 0).subarray(0, 11))],
  ['touch-too-many', 'bad-field', 1, 'More pairs than there may be.', () => field('count', 4097)],
  [
    'touch-two-records',
    'unknown-record',
    1,
    'Two records in the frame of a touch.',
    () => changeset(told([['1', '2']], { records: ([record]) => [record, record] })),
  ],
  [
    'touch-with-optional',
    'unknown-record',
    1,
    'An optional record in the frame of a touch.',
    () => changeset(told([['1', '2']], { records: ([record]) => [record, ['x.more', optionalFields('1')]] })),
  ],
]
