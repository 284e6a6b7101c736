/** Invalid entries: extended attributes, holes, links (rules ). */
import { changes, file, fileRow, one, root, snapshot } from './common.mjs'
import { limits } from './frames.mjs'

const large = limits.xattrsBytesMax
const xattrs = (pairs) => one({ xattrs: pairs })
const xattrBytes = (hex) =>
  one(
    { xattrs: [['x', '']] },
    {
      fields: (fields) =>
        fields
          .get('after')
          .set('xattrsLengths', Buffer.from([0, hex.length / 2]))
          .set('xattrsBytes', Buffer.from(hex, 'hex')),
    },
  )
const holes = (pairs) => one({ size: 8192, hint: { holes: pairs } })
const linked = (path, side, also = []) => snapshot([root, fileRow('a'), ...also, { path, after: { ...file, ...side } }])
const moved = (before, after) =>
  changes('changeset', [
    {
      path: 'd',
      ...(before && { before: { ...file, moved: before } }),
      after: { ...file, mode: '0600', ...(after && { moved: after }) },
    },
  ])

/** [name, code, where, what is wrong, the stream]. */
export const invalidAttributes = [
  [
    'xattrs-descending',
    'bad-xattrs',
    1,
    'Extended attributes in descending order.',
    () =>
      xattrs([
        ['b', ''],
        ['a', ''],
      ]),
  ],
  [
    'xattrs-twice',
    'bad-xattrs',
    1,
    'One extended attribute twice.',
    () =>
      xattrs([
        ['a', '1'],
        ['a', '2'],
      ]),
  ],
  ['xattrs-no-name', 'bad-xattrs', 1, 'An extended attribute without a name.', () => xattrs([['', '1']])],
  ['xattrs-nul', 'bad-xattrs', 1, 'An extended attribute with a NUL in its name.', () => xattrs([['a\0b', '1']])],
  ['xattrs-cut-name', 'bad-xattrs', 1, 'Extended attributes that end in a name.', () => xattrBytes('05006162')],
  [
    'xattrs-cut-value',
    'bad-xattrs',
    1,
    'Extended attributes that end in a value.',
    () => xattrBytes('010061ffffffff62'),
  ],
  ['xattrs-cut-length', 'bad-xattrs', 1, 'One byte where extended attributes should be.', () => xattrBytes('05')],
  [
    'xattrs-large',
    'bad-xattrs',
    1,
    'Extended attributes of one byte more than xattrsBytesMax.',
    () => one({ xattrs: [['a', Buffer.alloc(large - 6, 'a')]] }, { zstd: { runs: true } }),
  ],
  [
    'holes-overlap',
    'bad-holes',
    1,
    'A hole that begins in the hole before it.',
    () =>
      holes([
        [0, 4096],
        [4095, 10],
      ]),
  ],
  [
    'holes-touch',
    'bad-holes',
    1,
    'Two holes without data between them.',
    () =>
      holes([
        [0, 4096],
        [4096, 10],
      ]),
  ],
  [
    'holes-descending',
    'bad-holes',
    1,
    'Holes in descending order.',
    () =>
      holes([
        [4096, 10],
        [0, 10],
      ]),
  ],
  ['holes-empty', 'bad-holes', 1, 'A hole of no bytes.', () => holes([[0, 0]])],
  ['holes-beyond', 'bad-holes', 1, 'A hole that goes beyond its file.', () => holes([[4096, 4097]])],
  [
    'holes-cut',
    'bad-holes',
    1,
    'Holes of 15 bytes.',
    () =>
      one(
        { size: 8192, hint: { holes: [[0, 1]] } },
        {
          hints: (hints) =>
            hints
              .get('after')
              .set('holesLengths', Buffer.from([0, 15]))
              .set('holesBytes', Buffer.alloc(15, 1)),
        },
      ),
  ],
  ['holes-large', 'bad-holes', 1, 'A hole whose end is beyond 2^64.', () => holes([[1, 2n ** 64n - 1n]])],
  ['link-itself', 'bad-link', 1, 'A name that is a hard link to itself.', () => linked('b', { link: 'b' })],
  [
    'link-later',
    'bad-link',
    1,
    'A hard link to a name that comes later in row order.',
    () => linked('b', { link: 'c' }),
  ],
  [
    'link-below',
    'bad-link',
    1,
    'A hard link to a name in a directory that comes later, though its path sorts lower as bytes.',
    () => linked('b', { link: 'a/z' }),
  ],
  [
    'link-cycle',
    'bad-link',
    1,
    'Two names that are hard links to each other.',
    () =>
      snapshot([
        { path: 'a', after: { ...file, link: 'b' } },
        { path: 'b', after: { ...file, link: 'a' } },
      ]),
  ],
  ['moved-from-itself', 'bad-link', 1, 'An entry that was moved from its own path.', () => moved(undefined, 'd')],
  ['moved-to-itself', 'bad-link', 1, 'An entry that is moved to its own path.', () => moved('d', undefined)],
]
