/** Invalid rows records: how many rows, and columns of them (rules ). */
import { changes, file, fileRow, one, oneWith, root, snapshot } from './common.mjs'

const two = [root, fileRow('a')]
const withFields = (change) => snapshot(two, { fields: change })
const manyRows = (count) =>
  Array.from({ length: count }, (_, i) => ({
    path: String.fromCharCode(97 + Math.floor(i / 676), 97 + (Math.floor(i / 26) % 26), 97 + (i % 26)),
    after: { kind: 'file' },
  }))

/** [name, code, where, what is wrong, the stream]. */
export const invalidColumns = [
  [
    'rows-none',
    'too-many-rows',
    1,
    'A rows record that says it has no rows.',
    () => withFields((fields) => fields.set('count', 0)),
  ],
  [
    'rows-head-none',
    'too-many-rows',
    1,
    'The head of a rows frame says that it has no rows.',
    () => snapshot(two, { head: { rowCount: 0 } }),
  ],
  [
    'rows-head-too-many',
    'too-many-rows',
    1,
    'The head of a rows frame says that it has 4,097 rows.',
    () => snapshot(two, { head: { rowCount: 4097 } }),
  ],
  [
    'rows-too-many',
    'too-many-rows',
    1,
    'A rows record of 4,097 rows in a frame whose head says 4,096.',
    () => snapshot(manyRows(4097), { head: { rowCount: 4096 }, zstd: { runs: true } }),
  ],
  [
    'rows-count-large',
    'too-many-rows',
    1,
    'A rows record that says it has 2^32 - 1 rows.',
    () => withFields((fields) => fields.set('count', 4294967295)),
  ],
  [
    'rows-no-directory',
    'too-many-rows',
    1,
    'A rows record without a directory.',
    () => withFields((fields) => fields.set('dirCount', 0)),
  ],
  [
    'rows-directories',
    'too-many-rows',
    1,
    'A rows record with more directories than rows.',
    () => withFields((fields) => fields.set('dirCount', 3)),
  ],
  ['column-short', 'bad-column', 1, 'A column of one value for two rows.', () => oneWith('kind', Buffer.from([2]))],
  [
    'column-uneven',
    'bad-column',
    1,
    'A column of one and a half planes.',
    () => oneWith('mode', Buffer.from([0xed, 0xa4, 0x01])),
  ],
  [
    'column-wide',
    'bad-column',
    1,
    'A column of 32 bits with five planes.',
    () => one({ uid: 1 }, { fields: (fields) => fields.get('after').set('uid', Buffer.alloc(10, 1)) }),
  ],
  [
    'column-wide-kind',
    'bad-column',
    1,
    'A column of 8 bits with two planes.',
    () => oneWith('kind', Buffer.from([2, 1, 0, 1])),
  ],
  [
    'column-wide-64',
    'bad-column',
    1,
    'A column of 64 bits with nine planes.',
    () => one({ size: 1 }, { fields: (fields) => fields.get('after').set('size', Buffer.alloc(18, 1)) }),
  ],
  [
    'column-zero',
    'bad-column',
    1,
    'A column that is all zero, which is written by leaving it out.',
    () => one({}, { fields: (fields) => fields.get('after').insert('mtimeSec', 'uid', Buffer.from([0, 0])) }),
  ],
  [
    'column-high-plane',
    'bad-column',
    1,
    'A plane of high bytes that is all zero.',
    () => oneWith('kind', Buffer.from([2, 1, 0, 0])),
  ],
  [
    'column-ids-short',
    'bad-column',
    1,
    'A column of ids that is a byte short.',
    () => one({ size: 1 }, { fields: (fields) => fields.get('after').put('content', Buffer.alloc(63, 1)) }),
  ],
  [
    'column-ids-zero',
    'bad-column',
    1,
    'A column of ids that are all zero.',
    () => one({ size: 1 }, { fields: (fields) => fields.get('after').put('content', Buffer.alloc(64)) }),
  ],
  [
    'column-lengths',
    'bad-column',
    1,
    'Lengths of targets that do not add up to their bytes.',
    () =>
      one(
        { kind: 'symlink', target: 'b' },
        { fields: (fields) => fields.get('after').set('targetLengths', Buffer.from([0, 2])) },
      ),
  ],
  [
    'column-no-bytes',
    'bad-column',
    1,
    'Lengths of targets without bytes.',
    () => one({ kind: 'symlink', target: 'b' }, { fields: (fields) => fields.get('after').drop('targetBytes') }),
  ],
  [
    'column-no-lengths',
    'bad-column',
    1,
    'Bytes of targets without lengths.',
    () => one({ kind: 'symlink', target: 'b' }, { fields: (fields) => fields.get('after').drop('targetLengths') }),
  ],
  [
    'column-state',
    'bad-column',
    1,
    'A state column that is all zero.',
    () => changes('plan', [{ path: 'a', after: file }], { fields: (fields) => fields.put('state', Buffer.from([0])) }),
  ],
  [
    'column-names',
    'bad-column',
    1,
    'Lengths of names that do not add up to their bytes.',
    () => withFields((fields) => fields.set('nameLengths', Buffer.from([0, 2]))),
  ],
  [
    'column-shared-too-much',
    'bad-column',
    1,
    'A name that shares more bytes than the name before it has.',
    () =>
      snapshot([root, fileRow('a'), fileRow('b')], {
        fields: (fields) => fields.insert('nameLengths', 'nameShared', Buffer.from([0, 0, 2])),
      }),
  ],
  [
    'column-shared-too-little',
    'bad-column',
    1,
    'A name that shares fewer bytes than it could.',
    () =>
      snapshot([fileRow('aa'), fileRow('ab')], {
        fields: (fields) =>
          fields
            .drop('nameShared')
            .set('nameLengths', Buffer.from([2, 2]))
            .set('nameBytes', Buffer.from('aaab')),
      }),
  ],
  [
    'column-shared-first',
    'bad-column',
    1,
    'The first name of a directory shares a byte with the name before it.',
    () =>
      snapshot([fileRow('d'), fileRow('d/d')], {
        fields: (fields) =>
          fields
            .insert('nameLengths', 'nameShared', Buffer.from([0, 1]))
            .set('nameLengths', Buffer.from([1, 0]))
            .set('nameBytes', Buffer.from('d')),
      }),
  ],
  [
    'column-directory-rows',
    'bad-column',
    1,
    'Directories with more rows than the record has.',
    () => withFields((fields) => fields.set('dirRows', Buffer.from([3]))),
  ],
  [
    'column-directory-without-rows',
    'bad-column',
    1,
    'A directory without rows.',
    () =>
      snapshot([root, fileRow('a'), fileRow('d/b')], {
        fields: (fields) => fields.set('dirRows', Buffer.from([3, 0])),
      }),
  ],
]
