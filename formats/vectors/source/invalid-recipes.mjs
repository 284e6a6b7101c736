/** Invalid recipes and chunk lists (rules ). */
import { changeset, file, withText } from './common.mjs'
import { chunks, contents, limits, recipes, rows } from './frames.mjs'
import { integer } from './pieces.mjs'
import { hashHex } from './stream.mjs'

const text = 'one two three'
const id = hashHex(text)
const row = { path: 'a', after: withText(text) }
/** Rows of one file, then what comes behind them. */
const behind = (...frames) => changeset(rows([row]), ...frames)
const recipe = (more, options) =>
  behind(
    recipes(
      [{ id, size: text.length, ranges: [{ from: 'before', path: 'b', offset: 5, length: text.length }], ...more }],
      options,
    ),
  )
const ranges = (...list) => recipe({ ranges: list })
const recipeField = (name, value) => recipe({}, { fields: (fields) => fields.set(name, value) })
const half = { from: 'before', path: 'b', offset: 0, length: 6 }
/** A recipe from two files, whose list of paths is changed. */
const recipeOfTwo = (fields) => recipe({ ranges: [half, { ...half, path: 'c', length: 7 }] }, { fields })
/** All of the content is one literal, squeezed to one part. */
const squeezedRecipe = (part, options) =>
  recipes(
    [
      {
        ...{ id, size: text.length, literals: hashHex('squeezed'), ranges: [{ from: 'literal', length: text.length }] },
        squeezes: [{ bytes: 9, ranges: [half], ...part }],
      },
    ],
    options,
  )
const squeezed = (part, options) => behind(squeezedRecipe(part, options))
const chunkId = '11'.repeat(16)
const chunked = (list, options, contentId = id) => behind(chunks([{ id: contentId, chunks: list }], options))

/** [name, code, where, what is wrong, the stream]. */
export const invalidRecipes = [
  [
    'recipe-sum',
    'bad-recipe',
    2,
    'Ranges that do not add up to the size.',
    () => ranges({ from: 'before', path: 'b', offset: 0, length: 12 }),
  ],
  ['recipe-source', 'bad-recipe', 2, 'A range from a source 4.', () => recipeField('from', Buffer.from([4]))],
  [
    'recipe-zeros-path',
    'bad-recipe',
    2,
    'Zeros with a path.',
    () =>
      recipe(
        { ranges: [half, { ...half, path: 'c', length: 1 }, { from: 'zeros', length: 6 }] },
        { fields: (fields) => fields.set('path', Buffer.from([0, 1, 1])) },
      ),
  ],
  [
    'recipe-zeros-offset',
    'bad-recipe',
    2,
    'Zeros with an offset.',
    () => ranges({ from: 'zeros', offset: 1, length: 13 }),
  ],
  [
    'recipe-zeros',
    'bad-recipe',
    2,
    'More zeros than a recipe may have.',
    () => ranges({ from: 'zeros', length: limits.zerosBytesMax + 1 }),
  ],
  [
    'recipe-empty-range',
    'bad-recipe',
    2,
    'A range of no bytes.',
    () =>
      ranges({ from: 'before', path: 'b', offset: 0, length: 13 }, { from: 'before', path: 'b', offset: 0, length: 0 }),
  ],
  [
    'recipe-path-index',
    'bad-recipe',
    2,
    'A range from a path that the recipe does not have.',
    () =>
      recipe(
        { ranges: [half, { ...half, path: 'c', length: 7 }] },
        { fields: (fields) => fields.set('path', Buffer.from([0, 2])) },
      ),
  ],
  [
    'recipe-no-paths',
    'bad-recipe',
    2,
    'A range from a file, without paths.',
    () => recipe({}, { fields: (fields) => fields.drop('pathCount').drop('pathsLengths').drop('pathsBytes') }),
  ],
  [
    'recipe-path',
    'bad-recipe',
    2,
    'A range from "../b".',
    () => ranges({ from: 'before', path: '../b', offset: 0, length: 13 }),
  ],
  [
    'recipe-path-empty',
    'bad-recipe',
    2,
    'A range from the root.',
    () => ranges({ ...half, length: 7 }, { ...half, path: '' }),
  ],
  [
    'recipe-path-unused',
    'bad-recipe',
    2,
    'A path that no range uses.',
    () => recipeOfTwo((fields) => fields.drop('path')),
  ],
  [
    'recipe-path-twice',
    'bad-recipe',
    2,
    'A path that is listed twice.',
    () => recipeOfTwo((fields) => fields.set('pathsBytes', Buffer.from('bb'))),
  ],
  [
    'recipe-path-order',
    'bad-recipe',
    2,
    'Paths that are not in order of first use.',
    () => recipeOfTwo((fields) => fields.set('path', Buffer.from([1, 0])).set('pathsBytes', Buffer.from('cb'))),
  ],
  [
    'recipe-paths-without-count',
    'bad-column',
    2,
    'Paths whose number is missing, where all ranges are literal.',
    () =>
      recipe(
        { literals: hashHex('x'), ranges: [{ from: 'literal', length: text.length }] },
        { fields: (fields) => fields.put('pathsLengths', Buffer.from([1])).put('pathsBytes', Buffer.from('b')) },
      ),
  ],
  [
    'recipe-literal-without-id',
    'bad-recipe',
    2,
    'A literal range without the id of the literals.',
    () => ranges({ from: 'literal', length: 7 }, half),
  ],
  [
    'recipe-id-without-literal',
    'bad-recipe',
    2,
    'The id of literals without a literal range.',
    () => recipe({ literals: hashHex('x') }),
  ],
  [
    'recipe-literal-offset',
    'bad-recipe',
    2,
    'A literal range with an offset.',
    () => recipe({ literals: hashHex('x'), ranges: [{ from: 'literal', offset: 1, length: 13 }] }),
  ],
  [
    'recipe-literal-path',
    'bad-recipe',
    2,
    'A literal range with a path.',
    () =>
      recipe(
        { literals: hashHex('x'), ranges: [half, { ...half, path: 'c', length: 1 }, { from: 'literal', length: 6 }] },
        { fields: (fields) => fields.set('path', Buffer.from([0, 1, 1])) },
      ),
  ],
  [
    'recipe-offset',
    'bad-recipe',
    2,
    'A range whose offset is 2^53.',
    () => ranges({ from: 'before', path: 'b', offset: 2n ** 53n, length: 13 }),
  ],
  [
    'recipe-beyond',
    'bad-recipe',
    2,
    'A range that ends beyond 2^53 - 1, where no file has bytes.',
    () => ranges({ from: 'before', path: 'b', offset: 2n ** 53n - 5n, length: 13 }),
  ],
  [
    'recipe-too-many-ranges',
    'bad-recipe',
    2,
    'Two recipes with more ranges than recipeRangesMax in one frame.',
    () => manyRanges(),
  ],
  [
    'recipe-too-many-waiting',
    'bad-recipe',
    3,
    'Two recipes in two frames that wait for their literals, with more ranges than recipeRangesMax together.',
    () => manyWaiting(),
  ],
  ['squeeze-empty', 'bad-recipe', 2, 'A part of squeezed literals of no bytes.', () => squeezed({ bytes: 0 })],
  [
    'squeeze-too-long',
    'bad-recipe',
    2,
    'A part of squeezed literals of more than squeezeBytesMax.',
    () => squeezed({ bytes: limits.squeezeBytesMax + 1 }),
  ],
  [
    'squeeze-literal',
    'bad-recipe',
    2,
    'A dictionary with a literal range.',
    () => squeezed({ ranges: [half, { from: 'literal', length: 5 }] }),
  ],
  [
    'squeeze-dictionary',
    'bad-recipe',
    2,
    'A dictionary of more than dictionaryBytesMax.',
    () => squeezed({ ranges: [half, { ...half, length: limits.dictionaryBytesMax - 5 }] }),
  ],
  [
    'squeeze-dictionaries',
    'bad-recipe',
    2,
    'A dictionary that is too long for its content of 13 bytes.',
    () => squeezed({ ranges: [half, { ...half, length: 65536 + 8 * 13 - 5 }] }),
  ],
  [
    'squeeze-all-ranges',
    'bad-recipe',
    2,
    'Dictionaries that take all ranges of the recipe.',
    () =>
      recipe(
        { squeezes: [{ bytes: 9, ranges: [half] }] },
        { fields: (fields) => fields.set('squeezeRanges', Buffer.from([2])) },
      ),
  ],
  [
    'squeeze-nothing',
    'bad-recipe',
    2,
    'Squeezed literals of a recipe that has none.',
    () => recipe({ squeezes: [{ bytes: 9, ranges: [half] }] }),
  ],
  [
    'squeeze-column',
    'bad-column',
    2,
    'Two lengths for one part of squeezed literals.',
    () => squeezed({}, { fields: (fields) => fields.set('squeezeBytes', Buffer.from([1, 1, 1, 1, 1])) }),
  ],
  [
    'unneeded-squeezed',
    'unneeded-content',
    3,
    'Squeezed literals of another size than the recipe says.',
    () => behind(squeezedRecipe({}), contents([{ bytes: 'squeezed' }])),
  ],
  ['recipe-no-ranges', 'bad-field', 2, 'A recipe without ranges.', () => recipe({ size: 0, ranges: [] })],
  [
    'recipe-column',
    'bad-column',
    2,
    'Lengths of ranges with nine planes.',
    () => recipeField('length', Buffer.alloc(9, 1)),
  ],
  [
    'chunks-empty',
    'bad-chunks',
    2,
    'A chunk of no bytes.',
    () =>
      chunked([
        [13, chunkId],
        [0, chunkId],
      ]),
  ],
  [
    'chunks-all-empty',
    'bad-chunks',
    2,
    'Chunks without lengths.',
    () => chunked([[13, chunkId]], { fields: (fields) => fields.drop('lengths') }),
  ],
  [
    'chunks-first-empty',
    'bad-chunks',
    2,
    'A first chunk of no bytes.',
    () =>
      chunked([
        [0, chunkId],
        [13, chunkId],
      ]),
  ],
  [
    'chunks-ids',
    'bad-field',
    2,
    'Two chunks with one id.',
    () =>
      chunked(
        [
          [6, chunkId],
          [7, chunkId],
        ],
        { fields: (fields) => fields.set('ids', Buffer.alloc(16, 1)) },
      ),
  ],
  [
    'chunks-column',
    'bad-column',
    2,
    'Two chunks with one length.',
    () =>
      chunked(
        [
          [6, chunkId],
          [7, chunkId],
        ],
        { fields: (fields) => fields.set('lengths', Buffer.from([13])) },
      ),
  ],
  [
    'chunks-none',
    'bad-field',
    2,
    'A chunk list without chunks.',
    () => chunked([[13, chunkId]], { fields: (fields) => fields.set('count', 0) }),
  ],
]

/** 40,000 ranges of one byte in each of two recipes: columns that are runs of one byte. */
function manyRanges() {
  const count = 40000
  const size = count
  const list = [{ path: 'a', after: { ...file, size, content: id } }]
  const columns = (fields) => {
    for (const [name, byte] of [
      ['from', 1],
      ['length', 1],
    ])
      fields.set(name, Buffer.alloc(count, byte))
    return fields.set('count', count).set('size', integer(size, 8)).drop('offset').drop('path')
  }
  const one = { id, size, ranges: [{ from: 'before', path: 'b', offset: 0, length: 1 }] }
  const both = (records) => records.map(([name, fields]) => [name, columns(fields)])
  if (count * 2 <= limits.recipeRangesMax) throw new Error('too few ranges')
  return changeset(rows(list), recipes([one, one], { records: both, zstd: { runs: true } }))
}

/** 40,000 ranges in each of two frames; the last range of each is literal. */
function manyWaiting() {
  const count = 40000
  const list = [{ path: 'a', after: { ...file, size: count, content: id } }]
  const columns = (fields) => {
    const from = Buffer.alloc(count, 1)
    from[count - 1] = 0
    fields.set('from', from).set('length', Buffer.alloc(count, 1)).set('count', count)
    return fields.set('size', integer(count, 8)).drop('offset').drop('path')
  }
  const frame = (literals) => {
    const ranges = [
      { from: 'before', path: 'b', offset: 0, length: 1 },
      { from: 'literal', length: 1 },
    ]
    const one = { id, size: count, literals: hashHex(literals), ranges }
    return recipes([one], {
      records: (records) => records.map(([name, fields]) => [name, columns(fields)]),
      zstd: { runs: true },
    })
  }
  return changeset(rows(list), frame('a'), frame('b'))
}
