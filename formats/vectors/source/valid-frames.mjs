/** Valid snapshots: how streams are framed, and what they hold besides rows. */
import { directory, file, root } from './common.mjs'
import { toBytes } from './entries.mjs'
import { chunks, contents, header, optional, optionalLine, problems, rows } from './frames.mjs'
import { Fields } from './msgpack.mjs'
import { hashHex, stream } from './stream.mjs'
import { foreignFrame } from './zstd.mjs'

const snapshot = (...frames) => stream('snapshot', [header({ xattrs: true }), ...frames])
const repeat = (text, count) => Array.from({ length: count }, () => text).join('')

/** [name, what it shows, the stream]. */
export const framings = [
  [
    'snapshot-one-file',
    'A root directory with one file, as a scan records them: header, rows with hints and names of owners, end.',
    () => {
      const owner = { uid: 1000, gid: 100 }
      const hint = { dev: '8:1', nlink: 1 }
      const list = [
        {
          path: '',
          after: {
            ...directory,
            ...owner,
            mtime: '1714557600.5',
            hint: { ...hint, ino: 2, ctime: '1714557600.5', nlink: 2 },
          },
        },
        {
          path: 'hello.txt',
          after: {
            ...file,
            ...owner,
            size: 6,
            mtime: '1714557600.123456789',
            hint: { ...hint, ino: 12, ctime: '1714557600.123456789' },
          },
        },
      ]
      const owners = { users: { 1000: 'ada' }, groups: { 100: 'users' } }
      const head = {
        tool: 'fs-changeset 1.0.0',
        host: 'tokyo',
        root: '/home/ada/notes',
        rootId: { dev: '8:1', ino: 2 },
        xattrs: true,
      }
      return stream('snapshot', [header(head), rows(list, { owners })])
    },
  ],
  [
    'empty-tree',
    'A root directory that holds nothing; it has no owner to speak of and no time.',
    () => stream('snapshot', [header(), rows([{ path: '', after: { kind: 'directory' } }])]),
  ],
  [
    'no-rows',
    'No row at all, not even the root: the empty tree, and the shortest stream there is.',
    () => stream('snapshot', [header()]),
  ],
  [
    'header',
    'A header with every field.',
    () =>
      stream('snapshot', [
        header({
          ...{ tool: 'another tool', host: 'k\u00f6ln', root: { hex: '2f746d702fff' }, rootId: { dev: '0:0', ino: 1 } },
          ...{ digest: 'blake3', xattrs: true, filters: ['- *.o', '+ *.c'], level: 19, data: true, ignored: ['owner'] },
          comment: 'before the update',
        }),
      ]),
  ],
  [
    'problems',
    'What could not be read, said in place: problems stand between rows, and two that follow each other share a frame.',
    () =>
      stream('snapshot', [
        header(),
        problems([{ path: '', code: 'other-filesystem', phase: 'scan' }]),
        rows([root, { path: 'd', after: { ...directory, mode: '0000' } }, { path: 'f', after: file }]),
        problems([
          { path: 'd', code: 'unreadable', phase: 'scan', detail: 'EACCES' },
          { path: { hex: '66ff' }, code: 'vanished', phase: 'scan' },
        ]),
      ]),
  ],
  [
    'content-ids',
    'Content ids in a snapshot without contents; one file has none.',
    () =>
      snapshot(
        rows([
          root,
          { path: 'a', after: { ...file, size: 1, content: hashHex('a') } },
          { path: 'b', after: { ...file, size: 1 } },
          { path: 'c', after: { ...file, content: hashHex('') } },
        ]),
      ),
  ],
  [
    'content',
    'A snapshot with its contents, which restores the tree. Two contents share a frame; the empty one is not sent.',
    () =>
      snapshot(
        rows([
          root,
          { path: 'a', after: { ...file, size: 2, content: hashHex('a\n') } },
          { path: 'b', after: { ...file, content: hashHex('') } },
          { path: 'c', after: { ...file, size: 2, content: hashHex('c\n') } },
        ]),
        contents([{ bytes: 'a\n' }, { bytes: 'c\n' }]),
      ),
  ],
  [
    'content-pieces',
    'A content in three pieces over two frames, then another content.',
    () => {
      const id = hashHex('one two three')
      return snapshot(
        rows([
          root,
          { path: 'a', after: { ...file, size: 13, content: id } },
          { path: 'b', after: { ...file, size: 1, content: hashHex('b') } },
        ]),
        contents([
          { id, size: 13, bytes: 'one ' },
          { id, size: 13, offset: 4, bytes: 'two ' },
        ]),
        contents([{ id, size: 13, offset: 8, bytes: 'three' }, { bytes: 'b' }]),
      )
    },
  ],
  [
    'chunks',
    'Chunk lists of two contents, one of which no frame brings.',
    () => {
      const id = hashHex(repeat('abc', 100))
      const chunk = (text) => hashHex(text).slice(0, 32)
      return snapshot(
        rows([
          root,
          { path: 'a', after: { ...file, size: 300, content: id } },
          { path: 'b', after: { ...file, size: 4294967296, content: hashHex('b') } },
        ]),
        chunks([
          {
            id,
            chunks: [
              [150, chunk(repeat('abc', 50))],
              [150, chunk(repeat('abc', 50))],
            ],
          },
          {
            id: hashHex('b'),
            chunks: [
              [4294967295, chunk('x')],
              [1, chunk('y')],
            ],
          },
        ]),
      )
    },
  ],
  [
    'optional',
    "What a reader may skip: a frame of type 200, records and fields whose names begin with x.; they change no digest but their own frame's.",
    () => {
      const note = { name: 'x.note', value: 'hi' }
      const unknown = new Fields()
        .put('value', Buffer.from('?'))
        .put('x.more', new Fields().put('k', [1, 'two', Buffer.from('three'), true]))
      return stream('snapshot', [
        header({}, { fields: (fields) => fields.put('x.weather', 'rain') }),
        optional([note, { name: 'x.empty', value: '' }], { head: { type: 200 } }),
        rows([root], {
          fields: (fields) => fields.get('after').put('x.color', Buffer.from([7])),
          records: (records) => [...records, ['x.note', new Fields().put('value', Buffer.from('dropped'))]],
        }),
        problems([{ path: 'a', code: 'vanished', phase: 'scan' }], {
          records: (records) => [...records, ['x.note', unknown]],
          lines: [
            { record: 'problem', path: 'a', code: 'vanished', phase: 'scan' },
            optionalLine({ name: 'x.note', value: '?' }),
          ],
        }),
      ])
    },
  ],
  [
    'zstd-blocks',
    'Data frames as libraries make them: compressed blocks, runs of one byte, a window instead of a single segment.',
    () => {
      const id = hashHex(Buffer.alloc(3000))
      return snapshot(
        rows([root, { path: 'zeros', after: { ...file, size: 3000, content: id } }], { zstd: { window: 0x50 } }),
        contents([{ bytes: Buffer.alloc(3000) }], { zstd: { runs: true } }),
        problems(
          Array.from({ length: 40 }, (_, i) => ({
            path: `some/where/file${i}`,
            code: 'unreadable',
            phase: 'scan',
            detail: 'EACCES',
          })),
          { foreign: (pieces) => foreignFrame(FOREIGN, pieces) },
        ),
      )
    },
  ],
  [
    'cut',
    'The cut rule of §4.4 at work: 700 files of which one ends the first rows frame, the 513th or a later one.',
    () => {
      const list = [
        root,
        ...Array.from({ length: 700 }, (_, i) => ({ path: `f${String(i).padStart(3, '0')}`, after: file })),
      ]
      const end = cutAfter(list)
      return snapshot(
        rows(list.slice(0, end), { zstd: { runs: true } }),
        rows(list.slice(end), { zstd: { runs: true } }),
      )
    },
  ],
]

/** Rows up to and with the first one that may end a record: at least 512, and its folded hash has the mask's bits clear. */
function cutAfter(list) {
  for (let n = 512; n < list.length; n++) {
    const bytes = toBytes(list[n - 1].path)
    let hash = 0x811c9dc5
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
    if (((hash ^ (hash >>> 16)) & 1023) === 0) return n
  }
  throw new Error('no row ends the record')
}

/** What zstd 1.5.7 makes at level 19 of the problems in zstd-blocks; kept, so that the vector is the same with every version. */
const FOREIGN = Buffer.from(
  'KLUv/WSuCiUFAFIHGx6Q6wH/W+JxXUZHamnJDFiRdfNn2w6KkCKkZrroAgKVThnhc429SqeM8LnGXKVTRvhcYy2odMoIn2tGQRBD' +
    'QWXFNn8pxiJd+m7xnj4f9trnjGP91YjEPiuJ8PzxI/yiO3Dhxm4JWj4fmu8qCimoEaC7/58B8HUDEfwOwf8M4YbQCPzu3N05t2vP' +
    '3d1zF2f3vTt3535OWrbMrDWz21tpgqQGg/I1jw==',
  'base64',
)
