/** Invalid records: fields and features (rules ). */
import { changeset, file, one, root, snapshot, withText } from './common.mjs'
import { contents, header, limits, problems, rows } from './frames.mjs'
import { Fields } from './msgpack.mjs'
import { integer } from './pieces.mjs'
import { stream } from './stream.mjs'

const problem = { path: 'a', code: 'vanished', phase: 'scan', detail: 'x' }
const withProblem = (options, more = {}) => changeset(problems([{ ...problem, ...more }], options))
const field = (name, value) => withProblem({ fields: (fields) => fields.set(name, value) })
const head = (change) => stream('snapshot', [header({ tool: 'a tool' }, { fields: change })])
const text = (length) => Buffer.alloc(length, 'a').toString()
const content = (change) =>
  changeset(rows([{ path: 'a', after: withText('one') }]), contents([{ bytes: 'one' }], { fields: change }))

/** [name, code, where, what is wrong, the stream]. */
export const invalidFields = [
  [
    'field-unknown',
    'unknown-field',
    1,
    'A field that the table does not have.',
    () => withProblem({ fields: (fields) => fields.put('severity', 1) }),
  ],
  [
    'field-order',
    'unknown-field',
    1,
    "Fields in another order than the table's.",
    () => withProblem({ fields: (fields) => fields.drop('path').put('path', Buffer.from('a')) }),
  ],
  [
    'field-behind-optional',
    'unknown-field',
    1,
    'A known field behind an optional one.',
    () => withProblem({ fields: (fields) => fields.insert('detail', 'x.a', 1) }),
  ],
  [
    'field-unknown-column',
    'unknown-field',
    1,
    'A column that the table does not have.',
    () => one({}, { fields: (fields) => fields.get('after').put('color', Buffer.from([1, 1])) }),
  ],
  [
    'field-unknown-hint',
    'unknown-field',
    1,
    'A hint that the table does not have.',
    () => one({ hint: { ino: 3 } }, { hints: (hints) => hints.get('after').put('color', Buffer.from([1, 1])) }),
  ],
  [
    'field-unknown-optional',
    'unknown-field',
    1,
    'An optional record in a frame of problems with a field of its own that does not begin with x.',
    () => withProblem({ records: (records) => [...records, ['x.a', new Fields().put('color', 1)]] }),
  ],
  ['field-type', 'bad-field', 1, 'A path that is a text instead of a byte string.', () => field('path', 'a')],
  [
    'field-missing',
    'bad-field',
    1,
    'A problem without a phase.',
    () => withProblem({ fields: (fields) => fields.drop('phase') }),
  ],
  [
    'field-empty-bytes',
    'bad-field',
    1,
    'An empty byte string, which is written by leaving the field out.',
    () => field('path', Buffer.alloc(0)),
  ],
  [
    'field-empty-text',
    'bad-field',
    1,
    'An empty text, which is written by leaving the field out.',
    () => field('detail', ''),
  ],
  [
    'field-long-text',
    'bad-field',
    1,
    'A text of one byte more than textBytesMax.',
    () => withProblem({ zstd: { runs: true } }, { detail: text(limits.textBytesMax + 1) }),
  ],
  ['field-problem-code', 'bad-field', 1, 'A problem whose code is not in the table.', () => field('code', 'bad-luck')],
  ['field-problem-phase', 'bad-field', 1, 'A problem of a phase that there is not.', () => field('phase', 'sleep')],
  ['field-level', 'bad-field', 0, 'A zstd level of 23.', () => head((fields) => fields.put('level', 23))],
  [
    'field-zero-level',
    'bad-field',
    0,
    'A zstd level of 0, which is written by leaving the field out.',
    () => head((fields) => fields.put('level', 0)),
  ],
  ['field-number', 'bad-field', 0, 'A truth value that is a number.', () => head((fields) => fields.put('data', 1))],
  [
    'field-list',
    'bad-field',
    0,
    'A list of filters that is a text.',
    () => head((fields) => fields.put('filters', 'all')),
  ],
  [
    'field-empty-list',
    'bad-field',
    0,
    'An empty list, which is written by leaving the field out.',
    () => head((fields) => fields.put('filters', [])),
  ],
  [
    'field-list-element',
    'bad-field',
    0,
    'A list with an element that is no text.',
    () => head((fields) => fields.put('filters', ['- a', 5])),
  ],
  [
    'field-root-ino',
    'bad-field',
    0,
    'The device of the root without its inode number.',
    () => head((fields) => fields.put('rootDevMajor', 8).put('rootDevMinor', 1)),
  ],
  [
    'field-root-device',
    'bad-field',
    0,
    'The inode number of the root without its device.',
    () => head((fields) => fields.put('rootIno', integer(2, 8))),
  ],
  [
    'field-zero-size',
    'bad-field',
    2,
    'A size of 0 that is written.',
    () => content((fields) => fields.set('offset', null).drop('offset').insert('bytes', 'offset', integer(0, 8))),
  ],
  [
    'field-large-size',
    'bad-field',
    2,
    'A size of 2^53.',
    () => content((fields) => fields.set('size', integer(2n ** 53n, 8))),
  ],
  [
    'field-short-id',
    'bad-field',
    2,
    'A content id of 31 bytes.',
    () => content((fields) => fields.set('id', Buffer.alloc(31, 1))),
  ],
  [
    'field-no-bytes',
    'bad-field',
    2,
    'A piece of a content without bytes.',
    () => content((fields) => fields.drop('bytes')),
  ],
  ['field-large-piece', 'bad-field', 2, 'A piece of one byte more than pieceBytesMax.', () => largePiece()],
  [
    'field-end-hash',
    'bad-field',
    1,
    'An end record without a hash.',
    () => stream('snapshot', [header()], { end: { fields: (fields) => fields.drop('hash') } }),
  ],
  [
    'field-optional-value',
    'bad-field',
    1,
    'An optional record in a frame of problems whose value is a text.',
    () => withProblem({ records: (records) => [...records, ['x.a', new Fields().put('value', 'text')]] }),
  ],
  [
    'field-hints-side',
    'bad-field',
    1,
    'Hints of a side that the rows do not have.',
    () =>
      one(
        { hint: { ino: 3 } },
        { hints: (hints) => hints.put('before', new Fields().put('ino', Buffer.from([1, 0]))) },
      ),
  ],
  ['field-hints-empty', 'bad-field', 1, 'A hints record without a side.', () => one({}, { keepHints: true })],
  ['field-hints-zero', 'bad-field', 1, 'A hints map of a side whose hints are all zero.', () => zeroHints()],
  [
    'feature',
    'unknown-feature',
    0,
    'A feature that this version does not know.',
    () => stream('changeset', [header({ features: ['time-travel'] })]),
  ],
  [
    'feature-reserved',
    'unknown-feature',
    0,
    'A feature that is thought of and not yet defined.',
    () => stream('snapshot', [header({ features: ['signature'] }), rows([root])]),
  ],
  [
    'feature-second',
    'unknown-feature',
    0,
    'The second of two features is as unknown as the first.',
    () => stream('snapshot', [header({ tool: 'a', features: ['chain', 'x.more'] })]),
  ],
]

function largePiece() {
  const bytes = Buffer.alloc(limits.pieceBytesMax + 1, 'a')
  const list = rows([{ path: 'a', after: withText(bytes) }])
  return changeset(list, contents([{ bytes }], { zstd: { runs: true } }))
}

/** ctime is coded against mtime, so hints that are zero are not an empty map. */
function zeroHints() {
  const hint = { ino: 3, ctime: '0' }
  return snapshot([{ path: 'a', after: { ...file, hint } }], { hints: (hints) => hints.get('after').drop('ino') })
}
