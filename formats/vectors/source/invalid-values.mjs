/** Invalid entries: values, and attributes of another kind (rules ). */
import { changes, directory, file, fileRow, one, oneWith, root, snapshot } from './common.mjs'
import { integer } from './pieces.mjs'

const hinted = (hint, change) =>
  one({ size: 8192, hint: { ino: 3, ...hint } }, change && { hints: (hints) => change(hints.get('after')) })
const onRoot = (side) => snapshot([{ path: '', after: { ...directory, ...side } }])
/** Columns of two rows: a directory, and an entry that is absent but for this. */
const absent = (name, value, change = 'fields') =>
  changes(
    'changeset',
    [
      { path: '', before: directory, after: directory },
      { path: 'a', before: file },
    ],
    {
      [change]: (fields) => fields.get('after').set(name, value),
    },
  )
const linked = (path, side, also = []) => snapshot([root, fileRow('a'), ...also, { path, after: { ...file, ...side } }])

const noBytes = 'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262'
const sized = (size) => ({ ...file, size, content: '11'.repeat(32) })

/** [name, code, where, what is wrong, the stream]. */
export const invalidValues = [
  ['value-kind', 'bad-value', 1, 'Kind 8.', () => oneWith('kind', Buffer.from([2, 8]))],
  ['value-mode', 'bad-value', 1, 'A mode with the bits of a file type.', () => one({ mode: '100644' })],
  ['value-size', 'bad-value', 1, 'A size of 2^53.', () => one({ size: 2n ** 53n })],
  ['value-size-64', 'bad-value', 1, 'A size of 2^64 - 1.', () => one({ size: 2n ** 64n - 1n })],
  ['value-mtime', 'bad-value', 1, 'A time 2^53 seconds after 1970.', () => one({ mtime: '9007199254740992' })],
  [
    'value-mtime-negative',
    'bad-value',
    1,
    'A time 2^53 seconds before 1970.',
    () => one({ mtime: '-9007199254740992' }),
  ],
  [
    'value-nsec',
    'bad-value',
    1,
    'A billion nanoseconds.',
    () => one({ mtime: '0.5' }, { fields: (fields) => fields.get('after').set('mtimeNsec', planes32(0, 1000000000)) }),
  ],
  ['value-target', 'bad-value', 1, 'A target with a NUL.', () => one({ kind: 'symlink', target: 'a\0b' })],
  ['value-racy', 'bad-value', 1, 'racy is 2.', () => hinted({}, (hints) => hints.put('racy', Buffer.from([0, 2])))],
  [
    'value-ctime',
    'bad-value',
    1,
    'A change time with a billion nanoseconds.',
    () => hinted({ ctime: '0.000000001' }, (hints) => hints.set('ctimeNsec', planes32(0, 1000000000))),
  ],
  [
    'value-ctime-far',
    'bad-value',
    1,
    'A change time 2^53 seconds after 1970.',
    () => hinted({ ctime: '9007199254740992' }),
  ],
  ['value-state', 'bad-value', 1, 'State 11.', () => changes('plan', [{ path: 'a', state: 11, after: file }])],
  ['attribute-size', 'bad-attribute', 1, 'A directory with a size.', () => onRoot({ size: 4096 })],
  [
    'attribute-content',
    'bad-attribute',
    1,
    'A directory with a content id.',
    () => onRoot({ content: '11'.repeat(32) }),
  ],
  [
    'attribute-size-none',
    'bad-attribute',
    1,
    'The id of no bytes beside a size.',
    () => one({ size: 5, content: noBytes }),
  ],
  [
    'attribute-content-none',
    'bad-attribute',
    1,
    'Another id than that of no bytes where the size is 0.',
    () => one({ content: '11'.repeat(32) }),
  ],
  [
    'attribute-two-sizes',
    'bad-attribute',
    1,
    'One content with two sizes.',
    () => changes('changeset', [{ path: 'a', before: sized(5), after: sized(6) }]),
  ],
  ['attribute-target', 'bad-attribute', 1, 'A file with a target.', () => one({ target: 'b' })],
  [
    'attribute-no-target',
    'bad-attribute',
    1,
    'A symlink without a target.',
    () => one({ kind: 'symlink', mode: '0777' }),
  ],
  ['attribute-rdev', 'bad-attribute', 1, 'A file with a device number.', () => one({ rdev: '0:3' })],
  [
    'attribute-link',
    'bad-attribute',
    1,
    'A directory that is a hard link.',
    () => linked('b', { kind: 'directory', link: 'a' }),
  ],
  ['attribute-holes', 'bad-attribute', 1, 'A directory with holes.', () => onRoot({ hint: { holes: [[0, 4096]] } })],
  [
    'attribute-absent-mode',
    'bad-attribute',
    1,
    'A mode on a side that is not there.',
    () => absent('mode', planes16(0o755, 0o644)),
  ],
  [
    'attribute-absent-time',
    'bad-attribute',
    1,
    'A time on a side that is not there.',
    () => absent('mtimeNsec', Buffer.from([0, 1])),
  ],
  [
    'attribute-absent-content',
    'bad-attribute',
    1,
    'A content id on a side that is not there.',
    () => absent('content', Buffer.alloc(64, 0x11).fill(0, 0, 32)),
  ],
  [
    'attribute-absent-xattrs',
    'bad-attribute',
    1,
    'Extended attributes on a side that is not there.',
    () =>
      changes(
        'changeset',
        [
          { path: 'a', before: file },
          { path: 'b', before: file, after: { ...directory, xattrs: [['a', '']] } },
        ],
        { fields: (fields) => fields.get('after').set('xattrsLengths', Buffer.from([7, 0])) },
      ),
  ],
  [
    'attribute-absent-moved',
    'bad-attribute',
    1,
    'A move of a side that is not there.',
    () =>
      changes(
        'changeset',
        [
          { path: 'a', before: file },
          { path: 'b', after: { ...file, moved: 'c' } },
        ],
        { fields: (fields) => fields.get('after').set('movedLengths', Buffer.from([1, 0])) },
      ),
  ],
  [
    'attribute-absent-hint',
    'bad-attribute',
    1,
    'An inode number on a side that is not there.',
    () =>
      changes(
        'changeset',
        [
          { path: 'a', before: file },
          { path: 'b', after: { ...file, hint: { ino: 3 } } },
        ],
        { hints: (hints) => hints.get('after').set('ino', Buffer.from([6, 6])) },
      ),
  ],
]

const planes16 = (...values) => planesOf(values, 2)
const planes32 = (...values) => planesOf(values, 4)

function planesOf(values, width) {
  const all = values.map((value) => integer(value, width))
  return Buffer.from(
    Array.from({ length: width * values.length }, (_, i) => all[i % values.length][Math.floor(i / values.length)]),
  )
}
