/** Invalid contents, and what no row needs (rules ). */
import { changeset, file, fileRow, withText } from './common.mjs'
import { chunks, contents, header, problems, recipes, rows } from './frames.mjs'
import { hashHex, stream } from './stream.mjs'

const text = 'one two three'
const id = hashHex(text)
const row = { path: 'a', after: withText(text) }
/** Rows of one file, then what comes behind them. */
const behind = (...frames) => changeset(rows([row]), ...frames)
const pieces = (...list) => behind(contents(list.map((piece) => ({ id, size: text.length, ...piece }))))
const recipe = (more, options) =>
  behind(
    recipes(
      [{ id, size: text.length, ranges: [{ from: 'before', path: 'b', offset: 5, length: text.length }], ...more }],
      options,
    ),
  )
const half = { from: 'before', path: 'b', offset: 0, length: 6 }
const chunkId = '11'.repeat(16)
const chunked = (list, options, contentId = id) => behind(chunks([{ id: contentId, chunks: list }], options))

/** [name, code, where, what is wrong, the stream]. */
export const invalidContents = [
  [
    'content-gap',
    'bad-content',
    2,
    'A piece that leaves out a byte.',
    () => pieces({ bytes: 'one ' }, { offset: 5, bytes: 'wo three' }),
  ],
  [
    'content-overlap',
    'bad-content',
    2,
    'A piece that begins in the piece before it.',
    () => pieces({ bytes: 'one ' }, { offset: 3, bytes: ' two three' }),
  ],
  [
    'content-start',
    'bad-content',
    2,
    'A content whose first piece does not begin at 0.',
    () => pieces({ offset: 4, bytes: 'two three' }),
  ],
  [
    'content-size',
    'bad-content',
    2,
    'Pieces of one content that name two sizes.',
    () => pieces({ bytes: 'one ' }, { offset: 4, size: 12, bytes: 'two' }),
  ],
  [
    'content-beyond',
    'bad-content',
    2,
    'A piece that goes beyond the size of its content.',
    () => pieces({ bytes: 'one two three four' }),
  ],
  [
    'content-interrupted',
    'bad-content',
    2,
    'Another content begins before one is whole.',
    () => pieces({ bytes: 'one ' }, { id: hashHex('b'), size: 1, bytes: 'b' }),
  ],
  [
    'content-rows',
    'bad-content',
    3,
    'Rows come before a content is whole.',
    () => behind(contents([{ id, size: 13, bytes: 'one ' }]), rows([fileRow('b')])),
  ],
  [
    'content-problem',
    'bad-content',
    3,
    'A problem comes before a content is whole.',
    () =>
      behind(contents([{ id, size: 13, bytes: 'one ' }]), problems([{ path: 'a', code: 'changed', phase: 'pack' }])),
  ],
  [
    'content-end',
    'bad-content',
    3,
    'The end comes before a content is whole.',
    () => behind(contents([{ id, size: 13, bytes: 'one ' }])),
  ],
  [
    'content-other-bytes',
    'content-mismatch',
    2,
    'A content of other bytes of the same length.',
    () => pieces({ bytes: 'one two thRee' }),
  ],
  [
    'content-other-piece',
    'content-mismatch',
    3,
    'A content whose last piece is wrong, in a second frame.',
    () =>
      behind(contents([{ id, size: 13, bytes: 'one ' }]), contents([{ id, size: 13, offset: 4, bytes: 'two THREE' }])),
  ],
  [
    'content-second',
    'content-mismatch',
    2,
    'The second of two contents in a frame is wrong.',
    () =>
      changeset(
        rows([row, { path: 'b', after: withText('b') }]),
        contents([{ bytes: text }, { id: hashHex('b'), bytes: 'B' }]),
      ),
  ],
  ['unneeded-content', 'unneeded-content', 2, 'A content that no row has.', () => behind(contents([{ bytes: 'two' }]))],
  [
    'unneeded-size',
    'unneeded-content',
    2,
    'A content of another size than the row that has it.',
    () => pieces({ size: 14, bytes: text }),
  ],
  [
    'unneeded-before',
    'unneeded-content',
    2,
    'A recipe of a before side.',
    () =>
      changeset(
        rows([{ path: 'a', before: withText(text) }]),
        recipes([{ id, size: text.length, ranges: [{ from: 'before', path: 'b', offset: 5, length: text.length }] }]),
      ),
  ],
  [
    'unneeded-late',
    'unneeded-content',
    3,
    'A content behind the next rows.',
    () => changeset(rows([row]), rows([fileRow('b')]), contents([{ bytes: text }])),
  ],
  [
    'unneeded-early',
    'unneeded-content',
    1,
    'A content before the rows that need it.',
    () => changeset(contents([{ bytes: text }]), rows([row])),
  ],
  ['unneeded-recipe', 'unneeded-content', 2, 'A recipe that no row needs.', () => recipe({ id: hashHex('two') })],
  [
    'unneeded-recipe-size',
    'unneeded-content',
    2,
    'A recipe of another size than the row that needs it.',
    () => recipe({ size: 6, ranges: [half] }),
  ],
  ['unneeded-recipe-zero', 'unneeded-content', 2, 'A recipe of the id that means unknown.', () => unknownId()],
  [
    'unneeded-recipe-of-literals',
    'unneeded-content',
    2,
    'A recipe of the literals of another recipe.',
    () => literalsByRecipe(),
  ],
  [
    'unneeded-chunks',
    'unneeded-content',
    2,
    'A chunk list of a content that no row has.',
    () => chunked([[13, chunkId]], {}, hashHex('two')),
  ],
  [
    'unneeded-chunks-size',
    'unneeded-content',
    2,
    'A chunk list that makes a byte more than its content has.',
    () => chunked([[14, chunkId]]),
  ],
  [
    'unneeded-literals-size',
    'unneeded-content',
    3,
    'Literals of another size than the literal ranges.',
    () =>
      behind(
        recipes([
          {
            id,
            size: 13,
            literals: hashHex('one two'),
            ranges: [
              { from: 'literal', length: 6 },
              { ...half, length: 7 },
            ],
          },
        ]),
        contents([{ bytes: 'one two' }]),
      ),
  ],
]

function unknownId() {
  const zero = '00'.repeat(32)
  const list = [
    { path: 'a', after: { ...file, size: 6 } },
    { path: 'b', after: withText('b') },
  ]
  return changeset(rows(list), recipes([{ id: zero, size: 6, ranges: [half] }]))
}

function literalsByRecipe() {
  const literals = hashHex('one two')
  return stream('changeset', [
    header(),
    rows([row]),
    recipes([
      {
        id,
        size: 13,
        literals,
        ranges: [
          { from: 'literal', length: 7 },
          { ...half, length: 6 },
        ],
      },
      { id: literals, size: 7, ranges: [{ ...half, length: 7 }] },
    ]),
  ])
}
