/** Valid changesets: what may happen to a tree. */
import { directory, file, withText } from './common.mjs'
import { contents, header, rows, touch } from './frames.mjs'
import { hash, stream } from './stream.mjs'

const later = '1700000001'
const changeset = (...frames) =>
  stream('changeset', [header({ digest: 'blake3', xattrs: true, data: true }), ...frames])
const bare = (...frames) => stream('changeset', [header(), ...frames])
const isNew = { mtime: later }

/** The id of touched files, as §7.8 says: that of a snapshot that has them alone. All of them have the earlier time here. */
const touchId = (files) => {
  const named = files.map(([path, side]) => ({ path, after: { kind: 'file', mode: '0000', ...side } }))
  return hash(rows(named).digest).toString('hex')
}
const touching = (...frames) => stream('changeset', [header({ digest: 'blake3', features: ['touch'] }), ...frames])

/** [name, what it shows, the stream]. */
export const changesets = [
  [
    'changeset-empty',
    'No row: nothing changed. The ids say which trees are equal, and how many contents were judged by time alone.',
    () =>
      stream('changeset', [header({ ignored: ['owner', 'mtime'] })], {
        end: { from: hash(Buffer.from('old')), to: hash(Buffer.from('new')), judgedByTime: 3 },
      }),
  ],
  [
    'changeset-operations',
    'Every operation: add, delete, new content, new mode, new owner, new time, another kind, new target, new attributes.',
    () =>
      changeset(
        rows([
          { path: '', before: directory, after: { ...directory, mtime: later } },
          { path: 'add', after: withText('new\n') },
          {
            path: 'attributes',
            before: { ...file, xattrs: [['user.a', '1']] },
            after: { ...file, xattrs: [['user.a', '2']] },
          },
          { path: 'content', before: withText('old\n'), after: withText('newer\n', isNew) },
          { path: 'delete', before: withText('old\n') },
          {
            path: 'kind',
            before: { ...directory, mode: '0700' },
            after: { ...file, kind: 'symlink', mode: '0777', target: 'add' },
          },
          { path: 'mode', before: withText('old\n'), after: withText('old\n', { mode: '0755' }) },
          { path: 'owner', before: { ...file, uid: 1 }, after: { ...file, uid: 1000, gid: 1000 } },
          {
            path: 'target',
            before: { ...file, kind: 'symlink', mode: '0777', target: 'a' },
            after: { ...file, kind: 'symlink', mode: '0777', target: 'b' },
          },
          { path: 'time', before: withText('old\n'), after: withText('old\n', isNew) },
        ]),
        contents([{ bytes: 'new\n' }, { bytes: 'newer\n' }]),
      ),
  ],
  [
    'contents-of-both-sides',
    'The contents that the inverse needs are in the stream, too: first those of the after sides, then those of the before sides.',
    () =>
      stream('changeset', [
        header({ digest: 'blake3', xattrs: true, trustedHidden: true, data: true, dataBefore: true }),
        rows([
          { path: 'add', after: withText('new\n') },
          { path: 'content', before: withText('old\n'), after: withText('newer\n', isNew) },
          { path: 'delete', before: withText('gone\n') },
          { path: 'time', before: withText('old\n'), after: withText('old\n', isNew) },
        ]),
        contents([{ bytes: 'new\n' }, { bytes: 'newer\n' }, { bytes: 'old\n' }, { bytes: 'gone\n' }]),
      ]),
  ],
  [
    'changeset-deletes',
    'Nothing but deletes: there is no after map, so times of the before side are differences.',
    () =>
      bare(
        rows([
          { path: 'd', before: directory },
          { path: 'd/a', before: file },
          { path: 'd/b', before: { ...file, mtime: later } },
        ]),
      ),
  ],
  [
    'changeset-times',
    'A thousandth of a second on three files: XOR leaves one byte plane of the before side.',
    () =>
      bare(
        rows(
          ['a', 'b', 'c'].map((path) => ({
            path,
            before: { ...file, mtime: '1700000000.001' },
            after: { ...file, mtime: '1700000000.002' },
          })),
        ),
      ),
  ],
  [
    'touch',
    'Three files of which the time alone changes, told by that time; two others have rows.',
    () =>
      touching(
        touch({
          fileCount: 3,
          digest: touchId([
            ['a', withText('one\n')],
            ['b', file],
            ['d/c', withText('three\n')],
          ]),
          times: [[file.mtime, later]],
        }),
        rows([
          { path: 'edited', before: withText('old\n'), after: withText('newer\n', isNew) },
          { path: 'z', before: withText('gone\n') },
        ]),
      ),
  ],
  [
    'touch-alone',
    'No row, and two pairs of times: one goes back, one lies before 1970. The touch id has the earlier time of each pair.',
    () =>
      touching(
        touch({
          fileCount: 2,
          digest: touchId([
            ['a', withText('one\n', { mtime: '-1.5' })],
            ['b', withText('two\n', { mtime: '1700000000.000000001' })],
          ]),
          times: [
            ['-0.25', '-1.5'],
            ['1700000000.000000001', '1700000000.000000002'],
          ],
        }),
      ),
  ],
  [
    'changeset-hints',
    "Hints on both sides are XORed as well; ctime is coded against its own side's mtime.",
    () =>
      bare(
        rows([
          {
            path: 'a',
            before: { ...file, hint: { ino: 5, dev: '8:1', ctime: '1700000000', nlink: 1 } },
            after: { ...file, mtime: later, hint: { ino: 6, dev: '8:1', ctime: '1700000002', nlink: 1 } },
          },
          { path: 'b', before: { ...file, hint: { ino: 7, dev: '8:1', ctime: '1700000000', nlink: 2 } } },
          { path: 'c', after: { ...file, hint: { ino: 8, dev: '8:1', ctime: '1700000000', nlink: 1 } } },
        ]),
      ),
  ],
  [
    'changeset-hints-before',
    'Hints on the before side only: they are coded as if there were no other side.',
    () =>
      bare(
        rows([
          { path: 'a', before: { ...file, hint: { ino: 5, ctime: '1700000009' } }, after: { ...file, mtime: later } },
          { path: 'b', before: { ...file, hint: { ino: 4, ctime: '1700000000' } } },
        ]),
      ),
  ],
  [
    'move-file',
    'A file that moved to another directory and got another mode: two rows that name each other, no content.',
    () =>
      bare(
        rows([
          { path: 'a', before: withText('same\n', { moved: 'd/b' }) },
          { path: 'd/b', after: withText('same\n', { moved: 'a', mode: '0600' }) },
        ]),
      ),
  ],
  [
    'move-swap',
    'Two files that changed places: each row has both sides, and both name the other.',
    () =>
      bare(
        rows([
          { path: 'a', before: withText('1\n', { moved: 'b' }), after: withText('2\n', { moved: 'b' }) },
          { path: 'b', before: withText('2\n', { moved: 'a' }), after: withText('1\n', { moved: 'a' }) },
        ]),
      ),
  ],
  [
    'move-directory',
    'A directory that moved with all below it; one file in it was edited on the way, one was added.',
    () =>
      changeset(
        rows([
          { path: 'new', after: { ...directory, moved: 'old' } },
          { path: 'old', before: { ...directory, moved: 'new' } },
          { path: 'new/added', after: withText('added\n') },
          { path: 'new/edited', before: withText('old\n'), after: withText('edited\n', isNew) },
        ]),
        contents([{ bytes: 'added\n' }, { bytes: 'edited\n' }]),
      ),
  ],
  [
    'move-into-itself',
    'A directory that now lies below a new one of its old name: a move into its own path, which is no cycle.',
    () =>
      bare(
        rows([
          { path: 'a', before: { ...directory, moved: 'a/b' }, after: { ...directory, mtime: later } },
          { path: 'a/b', after: { ...directory, moved: 'a' } },
        ]),
      ),
  ],
  [
    'links-change',
    'Hard links: a new name of an old file, a name that leaves its group, a group that loses its first name.',
    () =>
      bare(
        rows([
          { path: 'a', before: withText('group\n') },
          { path: 'b', before: withText('group\n', { link: 'a' }), after: withText('group\n') },
          { path: 'c', before: withText('group\n', { link: 'a' }), after: withText('group\n', { link: 'b' }) },
          { path: 'd', after: withText('other\n', { link: 'c1' }) },
          { path: 'e', before: withText('third\n', { link: 'c2' }), after: withText('third\n', isNew) },
        ]),
      ),
  ],
]
