/** Invalid records: MessagePack and names (rules ). */
import { changeset, root, snapshot } from './common.mjs'
import { header, limits, problems } from './frames.mjs'
import { Fields, pack, Raw, record } from './msgpack.mjs'
import { piece } from './pieces.mjs'
import { stream } from './stream.mjs'
import { foreignFrame } from './zstd.mjs'

const problem = { path: 'a', code: 'vanished', phase: 'scan', detail: 'x' }
const withProblem = (options, more = {}) => changeset(problems([{ ...problem, ...more }], options))
/** A problem record with a field that any reader would skip, if its value were one. */
const odd = (...bytes) =>
  withProblem({ fields: (fields) => fields.put('x.odd', new Raw(...bytes), 'not as it should be') })
/** A frame of problems whose bytes are these. */
const bytes = (...all) => withProblem({ pieces: () => [piece(Buffer.concat(all), 'not as it should be')] })
const nested = (depth) => Buffer.concat([Buffer.alloc(depth, 0x91), Buffer.from([0x01])])
const rest = (records) =>
  snapshot([{ ...root, after: { ...root.after, hint: { ino: 2 } } }], { owners: { users: { 0: 'root' } }, records })

/** [name, code, where, what is wrong, the stream]. */
export const invalidRecords = [
  ['record-nil', 'bad-record', 1, 'A nil.', () => odd(0xc0)],
  ['record-false', 'bad-record', 1, 'A false, which is written by leaving the field out.', () => odd(0xc2)],
  ['record-float', 'bad-record', 1, 'A float.', () => odd(0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0)],
  ['record-whole-float', 'bad-record', 1, 'A float that is a whole number.', () => odd(0xca, 0x3f, 0x80, 0, 0)],
  ['record-negative', 'bad-record', 1, 'A negative integer.', () => odd(0xff)],
  ['record-64-bit', 'bad-record', 1, 'A 64-bit integer.', () => odd(0xcf, 0, 0, 0, 1, 0, 0, 0, 0)],
  ['record-extension', 'bad-record', 1, 'An extension: a time stamp.', () => odd(0xd6, 0xff, 0x65, 0x53, 0xf1, 0x00)],
  [
    'record-structure',
    'bad-record',
    1,
    'An extension that some libraries take for a structure of records.',
    () => odd(0xd4, 0x72, 0x40),
  ],
  ['record-long-integer', 'bad-record', 1, 'An integer that is not in its shortest form.', () => odd(0xcc, 0x05)],
  ['record-long-text', 'bad-record', 1, 'A text that is not in its shortest form.', () => odd(0xd9, 0x01, 0x61)],
  [
    'record-long-bytes',
    'bad-record',
    1,
    'A byte string that is not in its shortest form.',
    () => odd(0xc5, 0x00, 0x01, 0x61),
  ],
  [
    'record-long-array',
    'bad-record',
    1,
    'An array that is not in its shortest form.',
    () => odd(0xdc, 0x00, 0x01, 0x05),
  ],
  [
    'record-long-map',
    'bad-record',
    1,
    'A map that is not in its shortest form.',
    () => odd(0xde, 0x00, 0x01, 0xa1, 0x61, 0x05),
  ],
  ['record-text', 'bad-record', 1, 'A text that is not UTF-8.', () => odd(0xa2, 0xc3, 0x28)],
  ['record-surrogate', 'bad-record', 1, 'A text with half a surrogate pair.', () => odd(0xa3, 0xed, 0xa0, 0x80)],
  [
    'record-key-twice',
    'bad-record',
    1,
    'A key that occurs twice.',
    () => withProblem({ fields: (fields) => fields.put('x.a', 1).put('x.a', 1) }),
  ],
  [
    'record-key-number',
    'bad-record',
    1,
    'A key that is no text.',
    () => withProblem({ fields: (fields) => fields.put(7, 1) }),
  ],
  ['record-deep', 'bad-record', 1, 'Arrays nested nine deep, record and map included.', () => odd(...nested(7))],
  [
    'record-array-of-3',
    'bad-record',
    1,
    'A record of three elements.',
    () => bytes(Buffer.from([0x93]), pack('problem'), pack(new Fields()), pack(1)),
  ],
  ['record-no-array', 'bad-record', 1, 'A record that is a text.', () => bytes(pack('problem'))],
  [
    'record-no-name',
    'bad-record',
    1,
    'A record whose name is a number.',
    () => bytes(Buffer.from([0x92, 0x05]), pack(new Fields())),
  ],
  [
    'record-no-map',
    'bad-record',
    1,
    'A record whose fields are a byte string.',
    () => bytes(Buffer.from([0x92]), pack('problem'), pack(Buffer.from('a'))),
  ],
  [
    'record-cut',
    'bad-record',
    1,
    'A frame that ends within a record.',
    () => withProblem({ pieces: (pieces) => pieces.slice(0, -1) }),
  ],
  [
    'record-bytes-cut',
    'bad-record',
    1,
    'A byte string that says it is longer than its frame.',
    () =>
      bytes(
        Buffer.from([0x92]),
        pack('problem'),
        Buffer.from([0x81]),
        pack('path'),
        Buffer.from([0xc6, 0x7f, 0xff, 0xff, 0xff, 0x61]),
      ),
  ],
  ['record-too-many', 'bad-record', 1, 'One record more than recordsPerFrameMax in a frame.', () => tooMany()],
  [
    'record-too-many-values',
    'bad-record',
    1,
    'More than frameValuesMax values in a frame: empty arrays.',
    () => manyValues(),
  ],
  [
    'unknown-record',
    'unknown-record',
    1,
    'A record that the table does not have.',
    () => withProblem({ name: 'incident' }),
  ],
  [
    'unknown-record-elsewhere',
    'unknown-record',
    1,
    'A problem record in a frame of contents.',
    () => withProblem({ head: { type: 3 } }),
  ],
  ['unknown-frame-type', 'unknown-record', 1, 'A frame of type 10.', () => withProblem({ head: { type: 10 } })],
  ['unknown-frame-type-0', 'unknown-record', 1, 'A frame of type 0.', () => withProblem({ head: { type: 0 } })],
  [
    'unknown-frame-reserved',
    'unknown-record',
    1,
    'A signature frame, which is reserved.',
    () => withProblem({ head: { type: 8 } }),
  ],
  [
    'unknown-record-in-header',
    'unknown-record',
    0,
    'An optional record in the header frame.',
    () => stream('snapshot', [header({}, { records: (records) => [...records, ['x.a', new Fields()]] })]),
  ],
  [
    'unknown-record-in-end',
    'unknown-record',
    1,
    'An optional record in the end frame.',
    () => stream('snapshot', [header()], { end: { more: record('x.a', new Fields()) } }),
  ],
  [
    'unknown-record-as-end',
    'unknown-record',
    1,
    'An end frame with a record of another name.',
    () => stream('snapshot', [header()], { end: { name: 'finish' } }),
  ],
  [
    'rows-record-missing',
    'unknown-record',
    1,
    'A rows frame that begins with a hints record.',
    () => rest((records) => records.slice(1)),
  ],
  [
    'rows-two-records',
    'unknown-record',
    1,
    'Two rows records in a frame.',
    () => rest((records) => [records[0], ...records]),
  ],
  [
    'rows-hints-behind-owners',
    'unknown-record',
    1,
    'A hints record behind the owners record.',
    () => rest(([all, hints, owners]) => [all, owners, hints]),
  ],
  [
    'rows-two-owners',
    'unknown-record',
    1,
    'Two owners records in a frame.',
    () => rest((records) => [...records, records[2]]),
  ],
  [
    'rows-owners-behind-optional',
    'unknown-record',
    1,
    'An owners record behind an optional one.',
    () => rest(([all, hints, owners]) => [all, hints, ['x.a', new Fields()], owners]),
  ],
]

/** What zstd 1.5.7 makes at level 19 of 16,385 records without fields, named x.a. */
const MANY = Buffer.from('KLUv/aQGgAEAdQAAMJKjeC5hgAEA/X/JSxGbzCBa', 'base64')

function tooMany() {
  const pieces = Array.from({ length: limits.recordsPerFrameMax + 1 }, () => piece(Buffer.from('92a3782e6180', 'hex')))
  return changeset(problems([problem], { pieces: () => pieces, foreign: (all) => foreignFrame(MANY, all) }))
}

function manyValues() {
  const array = Buffer.concat([Buffer.from([0xdc, 0xff, 0xff]), Buffer.alloc(65535, 0x90)])
  const value = new Raw(0x95, array, array, array, array, 0x01)
  return withProblem({
    fields: (fields) => fields.put('x.odd', value, '4 arrays of 65,535 empty arrays'),
    zstd: { runs: true },
  })
}
