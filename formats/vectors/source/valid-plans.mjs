/** Valid changesets with contents and recipes; plans and receipts. */
import { directory, file, withText } from './common.mjs'
import { contents, header, recipes, rows } from './frames.mjs'
import { hashHex, stream } from './stream.mjs'

const later = '1700000001'
const changeset = (...frames) =>
  stream('changeset', [header({ digest: 'blake3', xattrs: true, data: true }), ...frames])
const bare = (...frames) => stream('changeset', [header(), ...frames])
const isNew = { mtime: later }

/** [name, what it shows, the stream]. */
export const plans = [
  [
    'equal-contents',
    'Two equal files in one frame, whose content is sent once; a third one in the next frame, which copies it.',
    () =>
      changeset(
        rows([
          { path: 'a', after: withText('equal\n') },
          { path: 'b', after: withText('equal\n') },
        ]),
        contents([{ bytes: 'equal\n' }]),
        rows([{ path: 'c', after: withText('equal\n') }]),
        recipes([{ id: hashHex('equal\n'), size: 6, ranges: [{ from: 'after', path: 'a', offset: 0, length: 6 }] }]),
      ),
  ],
  [
    'recipe',
    'A file built from two files of the old tree and two literals, which are one content.',
    () => {
      const text = 'header|old middle|more|tail of another'
      const id = hashHex(text)
      return changeset(
        rows([{ path: 'd/a', before: withText('0123456789old middle'), after: withText(text, isNew) }]),
        recipes([
          {
            ...{ id, size: text.length, literals: hashHex('header||more|') },
            ranges: [
              { from: 'literal', length: 7 },
              { from: 'before', path: 'd/a', offset: 10, length: 10 },
              { from: 'literal', length: 6 },
              { from: 'before', path: 'other', offset: 4294967296, length: 15 },
            ],
          },
        ]),
        contents([{ bytes: 'header||more|' }]),
      )
    },
  ],
  [
    'recipe-zeros',
    'A sparse file with a literal and a copy between zeros, and a file of nothing but zeros.',
    () => {
      const sparse = Buffer.concat([Buffer.alloc(65536), Buffer.from('data, old'), Buffer.alloc(4096)])
      const empty = Buffer.alloc(100_000)
      return changeset(
        rows([
          { path: 'empty', after: withText(empty) },
          { path: 'sparse', after: withText(sparse) },
        ]),
        recipes([
          { id: hashHex(empty), size: empty.length, ranges: [{ from: 'zeros', length: empty.length }] },
          {
            ...{ id: hashHex(sparse), size: sparse.length, literals: hashHex('data, ') },
            ranges: [
              { from: 'zeros', length: 65536 },
              { from: 'literal', length: 6 },
              { from: 'before', path: 'other', offset: 9, length: 3 },
              { from: 'zeros', length: 4096 },
            ],
          },
        ]),
        contents([{ bytes: 'data, ' }]),
      )
    },
  ],
  [
    'recipe-shared-literals',
    'Two files with one literal in common: each recipe gets it, in the order in which they came.',
    () => {
      const literals = hashHex('new')
      const recipe = (text, path) => ({
        ...{ id: hashHex(text), size: text.length, literals },
        ranges: [
          { from: 'before', path, offset: 0, length: 4 },
          { from: 'literal', length: 3 },
        ],
      })
      return changeset(
        rows([
          { path: 'a', before: withText('one old'), after: withText('one new', isNew) },
          { path: 'b', before: withText('two old'), after: withText('two new', isNew) },
        ]),
        recipes([recipe('one new', 'a'), recipe('two new', 'b')]),
        contents([{ bytes: 'new' }, { bytes: 'new' }]),
      )
    },
  ],
  [
    'recipe-squeezed',
    'Literals in two parts, each a zstd frame: one with a dictionary of two ranges, one with none. The first refers to its dictionary.',
    () => {
      const literals = 'dictionary words' + 'literally new'
      const text = `one ${literals}`
      // One compressed block: no literals, one sequence that copies 16 bytes from as far back.
      const first = Buffer.from('28b52ffd2010350000000100834c20', 'hex')
      // One block of 13 bytes as they are.
      const second = Buffer.concat([Buffer.from('28b52ffd200d690000', 'hex'), Buffer.from('literally new')])
      return changeset(
        rows([{ path: 'a', before: withText('one dictionary words!'), after: withText(text, isNew) }]),
        recipes([
          {
            ...{ id: hashHex(text), size: text.length, literals: hashHex(Buffer.concat([first, second])) },
            ranges: [
              { from: 'before', path: 'a', offset: 0, length: 4 },
              { from: 'literal', length: literals.length },
            ],
            squeezes: [
              {
                bytes: first.length,
                ranges: [
                  { from: 'before', path: 'a', offset: 4, length: 10 },
                  { from: 'after', path: 'other', offset: 1, length: 6 },
                ],
              },
              { bytes: second.length, ranges: [] },
            ],
          },
        ]),
        contents([{ bytes: Buffer.concat([first, second]) }]),
      )
    },
  ],
  [
    'recipe-large',
    'Recipes of large files: ranges beyond 2^32, one file used many times, two recipes in a frame.',
    () => {
      const [a, b] = [hashHex('a stands for a large file'), hashHex('b too')]
      return changeset(
        rows([
          { path: 'a', before: { ...file, size: 9007199254740991 }, after: { ...file, size: 4294967298, content: a } },
          { path: 'b', after: { ...file, size: 9007199254740990, content: b } },
        ]),
        recipes([
          {
            ...{ id: a, size: 4294967298 },
            ranges: [
              { from: 'before', path: 'a', offset: 9007194959773693, length: 4294967296 },
              { from: 'before', path: { hex: 'ff' }, offset: 0, length: 1 },
              { from: 'before', path: 'a', offset: 0, length: 1 },
            ],
          },
          {
            id: b,
            size: 9007199254740990,
            ranges: [{ from: 'before', path: 'a', offset: 1, length: 9007199254740990 }],
          },
        ]),
      )
    },
  ],
  [
    'plan',
    'A plan: for each row a state, and what stood at the target where it was looked at.',
    () =>
      stream('plan', [
        header(),
        rows([
          { path: 'add', state: 'do', after: withText('new\n') },
          {
            path: 'changed',
            state: 'changed',
            before: withText('old\n'),
            after: withText('newer\n'),
            seen: withText('other\n', { mtime: later }),
          },
          { path: 'delete', state: 'do', before: file, seen: file },
          {
            path: 'done',
            state: 'done',
            before: file,
            after: { ...file, mode: '0600' },
            seen: { ...file, mode: '0600' },
          },
          { path: 'exists', state: 'exists', after: file, seen: directory },
          {
            path: 'links',
            state: 'links',
            before: { ...file, link: 'changed' },
            after: { ...file, link: 'changed', mode: '0600' },
            seen: file,
          },
          { path: 'missing', state: 'missing', before: file },
          { path: 'none', before: file, after: { ...file, mtime: later } },
          {
            path: 'type',
            state: 'type',
            before: file,
            after: { ...file, mode: '0600' },
            seen: { ...file, kind: 'fifo' },
          },
          { path: 'no/parent', state: 'parent', after: file },
          { path: 'no/skipped', state: 'skipped', after: file },
        ]),
      ]),
  ],
  [
    'receipt',
    'A receipt: what was done, what was there already, what failed and why.',
    () =>
      stream('receipt', [
        header({ comment: 'monday' }),
        rows([
          {
            path: 'a',
            state: 'done',
            after: { ...file, hint: { ino: 3 } },
            seen: { ...file, size: 5, hint: { ino: 2, nlink: 1 } },
          },
          { path: 'b', state: 'failed', before: file, after: { ...file, uid: 5 }, seen: file },
        ]),
      ]),
  ],
  [
    'frames',
    'Rows in three frames: order holds across them, and the first name of a frame shares nothing.',
    () =>
      bare(
        rows([
          { path: 'a', after: directory },
          { path: 'aa', after: file },
        ]),
        rows([{ path: 'ab', after: file }]),
        rows([
          { path: 'a/aa', after: file },
          { path: 'a/ab', after: file },
        ]),
      ),
  ],
]
