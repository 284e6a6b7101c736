/** Invalid streams: end record, index, seek table, what follows them (rules ). */
import { changeset, fileRow, root, snapshot, withText } from './common.mjs'
import { contents, header, problems, rows } from './frames.mjs'
import { bytesOf, piece, u32 } from './pieces.mjs'
import { stream } from './stream.mjs'

const index = { part: 'index' }
const seek = { part: 'seek' }
const small = (change) => snapshot([root, fileRow('a')], {}, change)
const end = (changed) => small({ end: changed })
/** Changes one byte of some pieces. */
const flipped = (at) => (pieces) => {
  const bytes = bytesOf(pieces)
  bytes[at < 0 ? bytes.length + at : at] ^= 1
  return [piece(bytes, 'one bit of these is wrong')]
}
const full = (changed) =>
  stream(
    'changeset',
    [
      header(),
      rows([{ path: 'a', after: withText('one') }]),
      contents([{ bytes: 'one' }]),
      problems([{ path: 'b', code: 'vanished', phase: 'diff' }]),
    ],
    { end: changed },
  )

/** [name, code, where, what is wrong, the stream]. */
export const invalidTrailers = [
  ['end-row-count', 'end-mismatch', 2, 'The end record counts a row too many.', () => end({ rowCount: 3 })],
  ['end-no-row-count', 'end-mismatch', 2, 'The end record counts no rows.', () => end({ rowCount: 0 })],
  [
    'end-content-count',
    'end-mismatch',
    4,
    'The end record counts a content too many.',
    () => full({ contentCount: 2 }),
  ],
  ['end-content-bytes', 'end-mismatch', 4, 'The end record counts a byte too few.', () => full({ contentBytes: 2 })],
  ['end-problem-count', 'end-mismatch', 4, 'The end record counts no problem.', () => full({ problemCount: 0 })],
  [
    'end-hash',
    'end-mismatch',
    2,
    'The hash of the end record is that of another stream.',
    () => end({ hash: Buffer.alloc(32, 0x22) }),
  ],
  [
    'end-tree-id',
    'end-mismatch',
    2,
    'The tree id of a snapshot is not that of its rows.',
    () => end({ to: Buffer.alloc(32, 0x22) }),
  ],
  [
    'end-no-tree-id',
    'end-mismatch',
    2,
    'A snapshot without a tree id.',
    () => end({ fields: (fields) => fields.drop('to') }),
  ],
  [
    'index-offset',
    'index-mismatch',
    index,
    'The index says that a head stands elsewhere.',
    () => small({ index: flipped(16) }),
  ],
  ['index-content', 'index-mismatch', index, 'The index repeats a head wrongly.', () => small({ index: flipped(30) })],
  [
    'index-count',
    'index-mismatch',
    index,
    'The index counts its elements wrongly.',
    () => small({ index: flipped(12) }),
  ],
  [
    'index-tag',
    'index-mismatch',
    index,
    'The index has another tag.',
    () => small({ index: (pieces) => [...pieces.slice(0, 2), piece([0x4a]), ...pieces.slice(3)] }),
  ],
  [
    'index-reserved',
    'index-mismatch',
    index,
    'Reserved bytes of the index are not zero.',
    () => small({ index: flipped(10) }),
  ],
  [
    'index-length',
    'index-mismatch',
    index,
    'The index says that it has a byte more.',
    () => small({ index: (pieces) => [pieces[0], u32(pieces[1].bytes.readUInt32LE() + 1), ...pieces.slice(2)] }),
  ],
  [
    'index-missing',
    'index-mismatch',
    index,
    'The seek table follows the end at once.',
    () => small({ index: () => [] }),
  ],
  [
    'seek-length',
    'index-mismatch',
    seek,
    'The seek table says that it has a byte more.',
    () => small({ seek: flipped(4) }),
  ],
  [
    'seek-entry',
    'index-mismatch',
    seek,
    'The seek table has the wrong size of a frame.',
    () => small({ seek: flipped(16) }),
  ],
  [
    'seek-count',
    'index-mismatch',
    seek,
    'The seek table counts its entries wrongly.',
    () => small({ seek: flipped(-9) }),
  ],
  [
    'seek-descriptor',
    'index-mismatch',
    seek,
    'The seek table says that it has checksums.',
    () => small({ seek: (pieces) => [...pieces.slice(0, -2), piece([0x80]), ...pieces.slice(-1)] }),
  ],
  ['seek-magic', 'index-mismatch', seek, 'The seek table ends with another magic.', () => small({ seek: flipped(-1) })],
  ['trailing-byte', 'trailing-bytes', { part: 'tail' }, 'One byte behind the seek table.', () => small({ tail: [0] })],
  [
    'trailing-newline',
    'trailing-bytes',
    { part: 'tail' },
    'A newline behind the seek table.',
    () => small({ tail: Buffer.from('\n') }),
  ],
  [
    'trailing-stream',
    'trailing-bytes',
    { part: 'tail' },
    'A second stream behind the first.',
    () => small({ tail: bytesOf(changeset().pieces) }),
  ],
]
