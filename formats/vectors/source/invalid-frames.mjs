/** Invalid streams: heads, data frames, their order (rules ). */
import { fileRow, root, snapshot } from './common.mjs'
import { contents, header, limits, optional, problems, rows } from './frames.mjs'
import { piece } from './pieces.mjs'
import { stream } from './stream.mjs'

const small = (options, change) => snapshot([root, fileRow('a')], options, change)
const head = (changed) => small({ head: changed })
const zstd = (changed) => small({ zstd: changed })
const problem = { path: 'a', code: 'vanished', phase: 'scan' }
const framed = (...frames) => stream('snapshot', frames)

/** [name, code, where, what is wrong, the stream]. */
export const invalidFrames = [
  [
    'head-missing',
    'bad-frame',
    1,
    'A zstd frame without a head frame before it.',
    () => head({ magic: Buffer.from('28b52ffd', 'hex') }),
  ],
  [
    'head-seek-table',
    'bad-frame',
    1,
    'A seek table where a head frame should be.',
    () => head({ magic: Buffer.from('5e2a4d18', 'hex') }),
  ],
  ['head-tag', 'bad-frame', 1, 'A skippable frame that is not a head.', () => head({ tag: 0x58 })],
  ['head-index', 'bad-frame', 1, 'An index where a head frame should be.', () => head({ tag: 0x49 })],
  ['head-reserved', 'bad-frame', 1, 'Reserved bytes of a head are not zero.', () => head({ reserved: 1 })],
  ['head-short', 'bad-frame', 1, 'A head that says it has 67 bytes.', () => head({ contentBytes: 67 })],
  [
    'head-path-length',
    'bad-frame',
    1,
    'A head whose path length does not fit its own length.',
    () => head({ pathBytes: 1 }),
  ],
  [
    'head-no-bytes',
    'bad-frame',
    1,
    'A head that announces a data frame of 0 bytes.',
    () => head({ compressedBytes: 0 }),
  ],
  ['head-no-raw-bytes', 'bad-frame', 1, 'A head that announces a data frame of nothing.', () => head({ rawBytes: 0 })],
  [
    'head-large',
    'frame-too-large',
    1,
    'A head of one byte more than headBytesMax, which is never read.',
    () => head({ contentBytes: limits.headBytesMax + 1 }),
  ],
  [
    'head-raw-bytes-large',
    'frame-too-large',
    1,
    'A data frame announced with one byte more than frameBytesMax.',
    () => head({ rawBytes: limits.frameBytesMax + 1 }),
  ],
  [
    'head-raw-bytes-bomb',
    'frame-too-large',
    1,
    'A data frame announced with 2^32 - 1 bytes.',
    () => head({ rawBytes: 4294967295 }),
  ],
  [
    'head-bytes-large',
    'frame-too-large',
    1,
    'A data frame announced with one compressed byte more than compressedBytesMax.',
    () => head({ compressedBytes: limits.compressedBytesMax + 1 }),
  ],
  [
    'zstd-checksum',
    'bad-zstd',
    1,
    'The checksum of a data frame is that of something else.',
    () => zstd({ checksum: 0x12345678 }),
  ],
  ['zstd-no-checksum', 'bad-zstd', 1, 'A data frame without a checksum.', () => zstd({ isUnchecked: true })],
  [
    'zstd-size',
    'bad-zstd',
    1,
    'A data frame declares another content size than its head.',
    () => zstd({ contentBytes: 100000 }),
  ],
  ['zstd-dictionary', 'bad-zstd', 1, 'A data frame that wants a dictionary.', () => zstd({ dictionary: 7 })],
  ['zstd-window', 'bad-zstd', 1, 'A data frame with a window of 18 MiB.', () => zstd({ window: 0x71 })],
  ['zstd-reserved', 'bad-zstd', 1, 'The reserved bit of a zstd frame header.', () => zstd({ descriptor: 0x08 })],
  [
    'zstd-no-size',
    'bad-zstd',
    1,
    'A data frame without a content size.',
    () => small({ data: (pieces) => [pieces[0], piece([0x04, 0x50]), ...pieces.slice(3)] }),
  ],
  [
    'zstd-magic',
    'bad-zstd',
    1,
    'A data frame that is no zstd frame.',
    () => small({ data: (pieces) => [piece([0x27, 0xb5, 0x2f, 0xfd]), ...pieces.slice(1)] }),
  ],
  [
    'zstd-trailing',
    'bad-zstd',
    1,
    'One byte behind the zstd frame that the head announces with it.',
    () => small({ data: (pieces) => [...pieces, piece([0])] }),
  ],
  [
    'zstd-two-frames',
    'bad-zstd',
    1,
    'Two zstd frames where the head announces one.',
    () => small({ data: (pieces) => [...pieces, ...pieces] }),
  ],
  [
    'zstd-block-type',
    'bad-zstd',
    1,
    'A block of the reserved type.',
    () => small({ data: changeBlock((value) => value | 6) }),
  ],
  [
    'zstd-block-long',
    'bad-zstd',
    1,
    'A block that goes beyond its frame.',
    () => small({ data: changeBlock((value) => value + 8) }),
  ],
  [
    'zstd-damaged',
    'bad-zstd',
    1,
    'A compressed block that does not decompress.',
    () => small({ data: changeBlock((value) => value | 4) }),
  ],
  [
    'head-row-count',
    'head-mismatch',
    1,
    'A head announces more rows than its record has.',
    () => head({ rowCount: 3 }),
  ],
  ['head-first-path', 'head-mismatch', 1, 'A head names another first path.', () => head({ path: Buffer.from('a') })],
  [
    'head-rows-elsewhere',
    'head-mismatch',
    1,
    'The head of a frame without rows has a row count.',
    () => framed(header(), problems([problem], { head: { rowCount: 1 } })),
  ],
  [
    'head-path-elsewhere',
    'head-mismatch',
    1,
    'The head of a frame without rows has a path.',
    () => framed(header(), problems([problem], { head: { path: Buffer.from('a') } })),
  ],
  [
    'head-digest-elsewhere',
    'head-mismatch',
    0,
    'The head of the header frame has a digest.',
    () => framed(header({}, { head: { digest: Buffer.alloc(32, 1) } })),
  ],
  [
    'head-hints-digest-elsewhere',
    'head-mismatch',
    1,
    'The head of the end frame has a hints digest.',
    () => stream('snapshot', [header()], { end: { head: { hintsDigest: Buffer.alloc(16, 1) } } }),
  ],
  [
    'digest-rows',
    'digest-mismatch',
    1,
    'The digest of a head is not that of its rows record.',
    () => head({ digest: Buffer.alloc(32, 0x11) }),
  ],
  [
    'digest-hints',
    'digest-mismatch',
    1,
    'The hints digest of a head is not that of its hints record.',
    () => hinted({ hintsDigest: Buffer.alloc(16, 0x11) }),
  ],
  [
    'digest-hints-zero',
    'digest-mismatch',
    1,
    'A head without a hints digest, though there is a hints record.',
    () => hinted({ hintsDigest: Buffer.alloc(16) }),
  ],
  [
    'digest-no-hints',
    'digest-mismatch',
    1,
    'A head with a hints digest, though there is no hints record.',
    () => head({ hintsDigest: Buffer.alloc(16, 0x11) }),
  ],
  ['order-no-header', 'misplaced-frame', 0, 'The first frame holds rows.', () => stream('snapshot', [rows([root])])],
  ['order-two-headers', 'misplaced-frame', 1, 'A second header.', () => framed(header(), header())],
  ['order-end-first', 'misplaced-frame', 0, 'The first frame is an end.', () => endFirst()],
  [
    'order-behind-end',
    'misplaced-frame',
    2,
    'A frame behind the end.',
    () => stream('snapshot', [header()], { behind: [optional([{ name: 'x.a', value: 'a' }])] }),
  ],
  [
    'order-content-behind-end',
    'misplaced-frame',
    2,
    'A content behind the end.',
    () => stream('changeset', [header()], { behind: [contents([{ bytes: 'a' }])] }),
  ],
]

function hinted(changed) {
  return snapshot([{ ...root, after: { ...root.after, hint: { ino: 2 } } }], { head: changed })
}

/** Changes the three bytes of the first block header, which stand behind the frame header's parts. */
function changeBlock(change) {
  return (pieces) => {
    const value = change(pieces[3].bytes.readUIntLE(0, 3))
    const bytes = Buffer.alloc(3)
    bytes.writeUIntLE(value, 0, 3)
    return [...pieces.slice(0, 3), piece(bytes, 'a block header that is wrong'), ...pieces.slice(4)]
  }
}

function endFirst() {
  return stream('snapshot', [{ ...header(), ...problems([problem], { head: { type: 7 } }) }])
}
