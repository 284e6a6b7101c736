import { directory, file, root } from './common.mjs'
import { header, rows } from './frames.mjs'
import { stream } from './stream.mjs'

const snapshot = (...frames) => stream('snapshot', [header({ xattrs: true }), ...frames])

/** [name, what it shows, the stream]. */
export const trees = [
  [
    'every-kind',
    'One entry of each kind.',
    () =>
      snapshot(
        rows([
          root,
          { path: 'block', after: { ...file, kind: 'block', mode: '0660', rdev: '259:1048575' } },
          { path: 'char', after: { ...file, kind: 'char', mode: '0666', rdev: '1:3' } },
          { path: 'directory', after: directory },
          { path: 'fifo', after: { ...file, kind: 'fifo' } },
          { path: 'file', after: { ...file, size: 1 } },
          { path: 'socket', after: { ...file, kind: 'socket', mode: '0700' } },
          { path: 'symlink', after: { ...file, kind: 'symlink', mode: '0777', target: '../else where' } },
        ]),
      ),
  ],
  [
    'hard-links',
    'Two groups of hard links: later names carry the path of the first name, in row order, of their group.',
    () =>
      snapshot(
        rows([
          root,
          { path: 'a', after: { ...file, size: 3, hint: { ino: 7, nlink: 3 } } },
          { path: 'b', after: { ...file, size: 3, link: 'a', hint: { ino: 7, nlink: 3 } } },
          { path: 'd', after: directory },
          { path: 'p', after: { ...file, kind: 'fifo', hint: { ino: 9, nlink: 2 } } },
          { path: 'd/c', after: { ...file, size: 3, link: 'a', hint: { ino: 7, nlink: 3 } } },
          { path: 'd/q', after: { ...file, kind: 'fifo', link: 'p', hint: { ino: 9, nlink: 2 } } },
        ]),
      ),
  ],
  [
    'xattrs',
    'Extended attributes: empty values, values that are no text, names in the order of their bytes, an ACL as the kernel gives it.',
    () =>
      snapshot(
        rows([
          {
            path: '',
            after: {
              ...directory,
              xattrs: [
                ['system.posix_acl_default', { hex: '0200000001000700ffffffff04000500ffffffff20000500ffffffff' }],
              ],
            },
          },
          {
            path: 'f',
            after: {
              ...file,
              xattrs: [
                ['security.capability', { hex: '0000000200200000000000000000000000000000' }],
                ['user.a', ''],
                ['user.b', { hex: 'ff00' }],
              ],
            },
          },
          { path: 'g', after: file },
        ]),
      ),
  ],
  [
    'holes',
    'Sparse files: a hole at the start, one in the middle, one that reaches the end, a file that is nothing but a hole.',
    () =>
      snapshot(
        rows([
          root,
          {
            path: 'a',
            after: {
              ...file,
              size: 81920,
              hint: {
                holes: [
                  [0, 4096],
                  [8192, 4096],
                ],
              },
            },
          },
          { path: 'b', after: { ...file, size: 8192, hint: { holes: [[4096, 4096]] } } },
          { path: 'c', after: { ...file, size: 1099511627776, hint: { holes: [[0, 1099511627776]] } } },
          { path: 'd', after: { ...file, size: 4096 } },
        ]),
      ),
  ],
  [
    'hints',
    'Hints at their limits: an inode number beyond 2^53, a change time other than the modification time, racy, links outside.',
    () =>
      snapshot(
        rows([
          {
            path: '',
            after: {
              ...directory,
              hint: {
                ino: '18446744073709551615',
                dev: '4294967295:4294967295',
                ctime: '1700000000',
                nlink: 4294967295,
              },
            },
          },
          { path: 'a', after: { ...file, hint: { ino: 1, dev: '0:31', ctime: '-1.500000000', nlink: 2, racy: true } } },
          { path: 'b', after: { ...file, hint: { ino: '9007199254740992', ctime: '1700000001.000000001', nlink: 1 } } },
        ]),
      ),
  ],
  [
    'hints-equal-times',
    'A hint that is nothing but a change time equal to the modification time: its map is there, and empty.',
    () => snapshot(rows([{ path: '', after: { ...directory, hint: { ctime: '1700000000' } } }])),
  ],
  [
    'owners',
    'Owners: the largest numbers, names that are no UTF-8, a user and a group of one number, numbers without names.',
    () =>
      snapshot(
        rows(
          [
            root,
            { path: 'a', after: { ...file, uid: 4294967294, gid: 4294967295 } },
            { path: 'b', after: { ...file, uid: 1000, gid: 1000 } },
            { path: 'c', after: { ...file, uid: 12345, gid: 0 } },
          ],
          {
            owners: {
              users: { 0: 'root', 1000: { hex: '6a7ffc72' } },
              groups: { 0: 'wheel', 1000: 'gr\u00fcn', 4294967295: 'nogroup' },
            },
          },
        ),
      ),
  ],
  [
    'names',
    'Names are bytes: what is no UTF-8, a newline, an escape, a backslash, 255 bytes; sorted as unsigned bytes, not as UTF-16.',
    () =>
      snapshot(
        rows([
          root,
          ...[
            { hex: '01' },
            '\n',
            '\x1b[31m',
            ' ',
            '-rf',
            '...',
            '\\',
            'a'.repeat(255),
            'caf\u00e9',
            { hex: '80' },
            { hex: 'c328' },
            '\u202egnp',
            '\uff5e',
            '\u{10000}',
            { hex: 'ff' },
          ].map((path) => ({ path, after: file })),
        ]),
      ),
  ],
  [
    'order',
    'Row order and front coding over several directories: the example of §6, where a-b comes before a/x.',
    () =>
      snapshot(
        rows([
          root,
          ...['a', 'a-b'].map((path) => ({ path, after: directory })),
          { path: 'b', after: file },
          { path: 'a/x', after: directory },
          { path: 'a/xy', after: file },
          { path: 'a/x/y', after: file },
          { path: 'a-b/x', after: file },
        ]),
      ),
  ],
  [
    'deep',
    'Paths of twelve levels with names of 200 bytes: front coding of directories, and one row in each.',
    () => {
      const names = Array.from({ length: 12 }, (_, i) => String.fromCharCode(97 + i).repeat(200))
      const list = names.map((_, i) => ({ path: names.slice(0, i + 1).join('/'), after: directory }))
      return snapshot(rows([root, ...list], { zstd: { runs: true } }))
    },
  ],
  [
    'times',
    'Times before 1970 and after 2106, to the nanosecond, up to the limits.',
    () =>
      snapshot(
        rows([
          root,
          ...[
            '-0.5',
            '-0.000000001',
            '0.999999999',
            '-1',
            '-62135596800',
            '4294967296.000000001',
            '253402300800',
            '9007199254740991.999999999',
            '-9007199254740991',
            '1700000000.123456789',
          ].map((mtime, i) => ({ path: String.fromCharCode(97 + i), after: { ...file, mtime } })),
        ]),
      ),
  ],
  [
    'sizes',
    'Sizes at the bounds of 8, 16, 32 and 53 bits: planes of high bytes come only where they are needed.',
    () =>
      snapshot(
        rows([
          root,
          ...[0, 255, 256, 65536, 4294967295, 4294967296, 1099511627775, 9007199254740991].map((size, i) => ({
            path: `f${i}`,
            after: { ...file, size },
          })),
        ]),
      ),
  ],
  [
    'modes',
    'All permission bits, with setuid, setgid and sticky; none at all; those of a symlink, which are kept and not applied.',
    () =>
      snapshot(
        rows([
          { path: '', after: { ...directory, mode: '1777' } },
          { path: 'all', after: { ...file, mode: '7777' } },
          { path: 'link', after: { ...file, kind: 'symlink', mode: '0700', target: 'all' } },
          { path: 'none', after: { ...file, mode: '0000' } },
          { path: 'setuid', after: { ...file, mode: '4755' } },
        ]),
      ),
  ],
]
