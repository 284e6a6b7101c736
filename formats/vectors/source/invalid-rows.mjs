/** Invalid rows: names, paths, order, sides, owners (rules ). */
import { changes, changeset, directory, file, fileRow, one, root, snapshot } from './common.mjs'
import { limits, problems, rows } from './frames.mjs'
import { Fields } from './msgpack.mjs'

const named = (...paths) => snapshot([root, ...paths.map(fileRow)])
const runs = { zstd: { runs: true } }
const long = (length) => 'a'.repeat(length)
const owned = (users, options = {}) => snapshot([root], { owners: { users }, ...options })
const row = { path: 'a', after: file }

/** [name, code, where, what is wrong, the stream]. */
export const invalidRows = [
  ['name-dot', 'bad-name', 1, 'A name ".".', () => named('.')],
  ['name-dot-dot', 'bad-name', 1, 'A name "..".', () => named('..')],
  [
    'name-slash',
    'bad-name',
    1,
    'A name with a slash.',
    () => snapshot([root, fileRow('axb')], { fields: (fields) => fields.set('nameBytes', Buffer.from('a/b')) }),
  ],
  ['name-nul', 'bad-name', 1, 'A name with a NUL.', () => named('a\0b')],
  ['name-empty', 'bad-name', 1, 'An empty name below the root.', () => snapshot([fileRow('d/')])],
  [
    'name-root-elsewhere',
    'bad-name',
    1,
    'An empty name in a directory that is not the first of its record.',
    () => snapshot([root, fileRow('d/')]),
  ],
  ['directory-dot-dot', 'bad-name', 1, 'A directory "a/..".', () => snapshot([fileRow('a/../b')])],
  ['directory-absolute', 'bad-name', 1, 'A directory that begins with a slash.', () => snapshot([fileRow('/etc/b')])],
  [
    'directory-double-slash',
    'bad-name',
    1,
    'A directory with two slashes in a row.',
    () => snapshot([fileRow('a//b/c')]),
  ],
  ['directory-trailing-slash', 'bad-name', 1, 'A directory that ends with a slash.', () => snapshot([fileRow('a//b')])],
  [
    'directory-long-name',
    'bad-name',
    1,
    'A directory with a name of one byte more than nameBytesMax.',
    () => snapshot([fileRow(`${long(limits.nameBytesMax + 1)}/b`)], runs),
  ],
  ['link-dot-dot', 'bad-name', 1, 'A hard link to "../a".', () => one({ link: '../a' })],
  ['link-absolute', 'bad-name', 1, 'A hard link to an absolute path.', () => one({ link: '/a' })],
  [
    'moved-dot-dot',
    'bad-name',
    1,
    'A move from "b/../c".',
    () => changes('changeset', [{ path: 'a', after: { ...file, moved: 'b/../c' } }]),
  ],
  [
    'problem-dot-dot',
    'bad-name',
    1,
    'A problem of "..".',
    () => changeset(problems([{ path: '..', code: 'vanished', phase: 'scan' }])),
  ],
  [
    'name-long',
    'path-too-long',
    1,
    'A name of one byte more than nameBytesMax.',
    () => snapshot([fileRow(long(limits.nameBytesMax + 1))], runs),
  ],
  [
    'path-long',
    'path-too-long',
    1,
    'A directory and a name that are within the limits, and together are not.',
    () => snapshot([fileRow(`${path(limits.pathBytesMax - 1)}/b`)]),
  ],
  [
    'directories-long',
    'path-too-long',
    1,
    'Directories whose paths, written out in full, are over dirsBytesMax.',
    () => snapshot([1, 2, 3].map((i) => fileRow(`${i}${path(limits.pathBytesMax - 10)}/b`))),
  ],
  [
    'target-long',
    'path-too-long',
    1,
    'A symlink target of one byte more than pathBytesMax.',
    () => one({ kind: 'symlink', target: long(limits.pathBytesMax + 1) }, runs),
  ],
  ['order-names', 'out-of-order', 1, 'Names that descend.', () => named('b', 'a')],
  ['order-same-name', 'out-of-order', 1, 'One name twice.', () => named('a', 'a')],
  ['order-prefix', 'out-of-order', 1, 'A name behind one that begins with it.', () => named('ab', 'a')],
  ['order-signed', 'out-of-order', 1, 'Names compared as signed bytes.', () => named({ hex: 'ff' }, 'a')],
  [
    'order-utf16',
    'out-of-order',
    1,
    'Names compared as UTF-16: a character beyond U+FFFF before U+FF5E.',
    () => named('\u{10000}', '\uff5e'),
  ],
  ['order-directories', 'out-of-order', 1, 'Directories that descend.', () => named('b/x', 'a/x')],
  [
    'order-directory-twice',
    'out-of-order',
    1,
    'Rows of one directory in two places.',
    () => named('a/x', 'b/x', 'a/y'),
  ],
  [
    'order-slash',
    'out-of-order',
    1,
    'Directories compared as plain bytes: a-b before a/b.',
    () => named('a-b/x', 'a/b/x'),
  ],
  ['order-depth', 'out-of-order', 1, 'A directory behind one that lies in it.', () => named('a/b/x', 'a/x')],
  [
    'order-frames',
    'out-of-order',
    2,
    'The second frame begins before the first one ends.',
    () => changeset(rows([fileRow('b')]), rows([fileRow('a')])),
  ],
  [
    'order-frames-same',
    'out-of-order',
    2,
    'The second frame begins with the last row of the first.',
    () => changeset(rows([fileRow('a'), fileRow('b')]), rows([fileRow('b')])),
  ],
  [
    'order-frames-root',
    'bad-name',
    2,
    'The root in a second frame, whose directory is not the empty path.',
    () => changeset(rows([fileRow('a')]), rows([fileRow('d/')])),
  ],
  [
    'side-before-in-snapshot',
    'wrong-side',
    1,
    'A before side in a snapshot.',
    () => changes('snapshot', [{ path: '', before: directory, after: directory }]),
  ],
  [
    'side-seen-in-snapshot',
    'wrong-side',
    1,
    'A seen side in a snapshot.',
    () => changes('snapshot', [{ path: '', after: directory, seen: directory }]),
  ],
  [
    'side-seen-in-changeset',
    'wrong-side',
    1,
    'A seen side in a changeset.',
    () => changes('changeset', [{ ...row, seen: file }]),
  ],
  [
    'side-state-in-changeset',
    'wrong-side',
    1,
    'States in a changeset.',
    () => changes('changeset', [{ ...row, state: 'do' }]),
  ],
  [
    'side-none',
    'wrong-side',
    1,
    'A row with neither before nor after.',
    () => changes('changeset', [row, { path: 'b' }]),
  ],
  [
    'side-seen-only',
    'wrong-side',
    1,
    'A row of a plan with nothing but what was seen.',
    () => changes('plan', [row, { path: 'b', seen: file }]),
  ],
  [
    'side-empty',
    'wrong-side',
    1,
    'A before map in which no row is present.',
    () => changes('changeset', [row], { fields: (fields) => fields.put('before', new Fields()) }),
  ],
  [
    'owners-descending',
    'bad-owners',
    1,
    'Users in descending order of their numbers.',
    () => owned({ 1: 'a', 2: 'b' }, { ownersFields: (fields) => fields.set('uids', Buffer.from([2, 1])) }),
  ],
  [
    'owners-twice',
    'bad-owners',
    1,
    'One user twice.',
    () => owned({ 1: 'a', 2: 'b' }, { ownersFields: (fields) => fields.set('uids', Buffer.from([1, 1])) }),
  ],
  ['owners-no-name', 'bad-owners', 1, 'A user without a name.', () => owned({ 1: 'a', 2: '' })],
  [
    'owners-no-names',
    'bad-owners',
    1,
    'Users without names.',
    () => owned({ 1: 'a' }, { ownersFields: (fields) => fields.drop('userNamesLengths').drop('userNamesBytes') }),
  ],
  [
    'owners-users-without-count',
    'bad-column',
    1,
    'Users whose number is missing.',
    () =>
      owned(
        { 1: 'a' },
        {
          ownersFields: (fields) =>
            fields
              .drop('userCount')
              .put('groupCount', 1)
              .put('groupNamesLengths', Buffer.from([1]))
              .put('groupNamesBytes', Buffer.from('b')),
        },
      ),
  ],
  [
    'owners-names-without-count',
    'bad-column',
    1,
    'Names of groups, but no number of groups.',
    () =>
      owned(
        { 1: 'a' },
        {
          ownersFields: (fields) =>
            fields.put('groupNamesLengths', Buffer.from([1])).put('groupNamesBytes', Buffer.from('b')),
        },
      ),
  ],
  ['owners-empty', 'bad-owners', 1, 'An owners record without owners.', () => owned({}, { keepOwners: true })],
  [
    'owners-long',
    'bad-owners',
    1,
    'A name of a user of one byte more than nameBytesMax.',
    () => owned({ 1: long(limits.nameBytesMax + 1) }, runs),
  ],
]

/** A path of that many bytes, made of names of 255 bytes and shorter ones. */
function path(bytes) {
  const names = Math.floor(bytes / 256)
  const rest = bytes - 256 * names
  const start = `${long(255)}/`.repeat(names)
  return rest === 0 ? `${start.slice(0, -2)}/a`.slice(0, bytes) : start + long(rest)
}
