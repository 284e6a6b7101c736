/** Pieces of contents, recipes and chunk lists as JSON objects and back (spec appendix A.4). */
import { Limits } from '../../base/constants.ts'
import { ID_BYTES } from '../../model/entries.ts'
import type { Chunks, ContentPiece, CopyRange, Recipe, RecipeRange, Squeeze } from '../../model/item.ts'
import { isPath } from '../../model/path.ts'
import { bytesFrom, dictionariesBytes, dictionariesBytesMax, isCopy, rangeCount } from '../../model/recipe.ts'
import { JsonFields } from './fields.ts'
import { type ByteString, decodeHex, encodeBase64, encodeByteString, encodeHex, isSize } from './values.ts'

export type JsonContent = { record: 'content'; id: string; size: number; offset: number; bytes: { base64: string } }

export function encodeContent({ id, size, offset, bytes }: ContentPiece): JsonContent {
  return { record: 'content', id: encodeHex(id), size, offset, bytes: encodeBase64(bytes) }
}

/** The inverse; a piece without `offset` is the first one, without `size` the last one. Throws LineError. */
export function decodeContent(fields: JsonFields): ContentPiece {
  const id = fields.id('id', ID_BYTES)
  const bytes = fields.bytes('bytes')
  const offset = fields.optionalUint('offset', Limits.sizeMax) ?? 0
  const size = fields.optionalUint('size', Limits.sizeMax) ?? offset + bytes.length
  if (bytes.length === 0 || bytes.length > Limits.pieceBytesMax)
    fields.fail('bad-field', 'bytes', `has ${bytes.length} bytes`)
  if (offset + bytes.length > size) fields.fail('bad-content', 'bytes', 'goes beyond the content')
  fields.done([])
  return { id, size, offset, bytes }
}

type JsonCopy = { from: 'before' | 'after'; path: ByteString; offset: number; length: number }
type JsonRange = { from: 'literal'; length: number } | { from: 'zeros'; length: number } | JsonCopy
type JsonSqueeze = { bytes: number; ranges: JsonCopy[] }

export type JsonRecipe = {
  record: 'recipe'
  id: string
  size: number
  literals?: string
  ranges: JsonRange[]
  squeezes?: JsonSqueeze[]
}

export function encodeRecipe({ id, size, literals, ranges, squeezes }: Recipe): JsonRecipe {
  return {
    record: 'recipe',
    id: encodeHex(id),
    size,
    ...(literals.length > 0 && { literals: encodeHex(literals) }),
    ranges: ranges.map((range) => (isCopy(range) ? encodeCopy(range) : range)),
    ...(squeezes.length > 0 && {
      squeezes: squeezes.map((squeeze) => ({ bytes: squeeze.bytes, ranges: squeeze.ranges.map(encodeCopy) })),
    }),
  }
}

function encodeCopy(range: CopyRange): JsonCopy {
  return { ...range, path: encodeByteString(range.path) }
}

/** The inverse; `size` may be left out, and so may offsets of 0. Throws LineError. */
export function decodeRecipe(fields: JsonFields): Recipe {
  const id = fields.id('id', ID_BYTES)
  const literals = fields.optionalId('literals', ID_BYTES)
  const ranges = takeRanges(fields)
  const squeezes = takeSqueezes(fields)
  const recipe = { id, size: 0, literals, ranges, squeezes }
  if (ranges.length === 0 || rangeCount(recipe) > Limits.recipeRangesMax)
    fields.fail('bad-recipe', 'ranges', 'are none or too many')
  const total = ranges.reduce((sum, { length }) => sum + length, 0)
  const size = fields.optionalUint('size', Limits.sizeMax) ?? total
  if (total !== size) fields.fail('bad-recipe', 'ranges', `make ${total} bytes, not ${size}`)
  if (ranges.some(({ from }) => from === 'literal') !== literals.length > 0) {
    fields.fail('bad-recipe', 'literals', 'and literal ranges go together')
  }
  if (bytesFrom('zeros', ranges) > Limits.zerosBytesMax) fields.fail('bad-recipe', 'ranges', 'have too many zeros')
  if (squeezes.length > 0 && literals.length === 0) fields.fail('bad-recipe', 'squeezes', 'have nothing to squeeze')
  if (dictionariesBytes(recipe) > dictionariesBytesMax(size)) fields.fail('bad-recipe', 'squeezes', 'read too much')
  fields.done([])
  return { ...recipe, size }
}

function takeRanges(fields: JsonFields): RecipeRange[] {
  const list = fields.optionalList('ranges') ?? []
  if (list.length > Limits.recipeRangesMax) fields.fail('bad-recipe', 'ranges', 'are too many')
  return list.map((range, i) => decodeRange(new JsonFields(range, `${fields.place}.ranges[${i}]`, fields.line)))
}

function takeSqueezes(fields: JsonFields): Squeeze[] {
  const list = fields.optionalList('squeezes') ?? []
  if (list.length > Limits.recipeRangesMax) fields.fail('bad-recipe', 'squeezes', 'are too many')
  return list.map((each, i) => decodeSqueeze(new JsonFields(each, `${fields.place}.squeezes[${i}]`, fields.line)))
}

function decodeSqueeze(fields: JsonFields): Squeeze {
  const bytes = fields.uint('bytes', Limits.squeezeBytesMax)
  if (bytes === 0) fields.fail('bad-recipe', 'bytes', 'is 0')
  const ranges = takeRanges(fields).map((range) =>
    isCopy(range) ? range : fields.fail('bad-recipe', 'ranges', 'of a dictionary are no copies'),
  )
  const dictionaryBytes = ranges.reduce((sum, { length }) => sum + length, 0)
  if (dictionaryBytes > Limits.dictionaryBytesMax) fields.fail('bad-recipe', 'ranges', `have ${dictionaryBytes} bytes`)
  fields.done([])
  return { bytes, ranges }
}

const sources = ['literal', 'before', 'after', 'zeros'] as const

function decodeRange(fields: JsonFields): RecipeRange {
  const from = sources[fields.optionalWord('from', sources) ?? fields.fail('bad-field', 'from', 'is missing')]!
  const length = fields.uint('length', Limits.sizeMax)
  if (length === 0) fields.fail('bad-recipe', 'length', 'is 0')
  const range: RecipeRange =
    from === 'literal' || from === 'zeros' ? { from, length } : { from, ...takeBasis(fields), length }
  if (isCopy(range) && range.offset + length > Limits.sizeMax)
    fields.fail('bad-recipe', 'length', 'leads beyond 2^53 - 1')
  fields.done(['path', 'offset'])
  return range
}

function takeBasis(fields: JsonFields): { path: Uint8Array; offset: number } {
  const path = fields.bytes('path')
  const fits = path.length > 0 && path.length <= Limits.pathBytesMax && isPath(path)
  if (!fits) fields.fail('bad-recipe', 'path', 'is no path made of names')
  return { path, offset: fields.optionalUint('offset', Limits.sizeMax) ?? 0 }
}

const CHUNK_ID_BYTES = 16

export type JsonChunks = { record: 'chunks'; id: string; chunks: [end: number, id: string][] }

export function encodeChunks({ id, ends, ids }: Chunks): JsonChunks {
  const chunkId = (i: number): string => encodeHex(ids.subarray(i * CHUNK_ID_BYTES, (i + 1) * CHUNK_ID_BYTES))
  return { record: 'chunks', id: encodeHex(id), chunks: Array.from(ends, (end, i) => [end, chunkId(i)]) }
}

/** The inverse. Throws LineError. */
export function decodeChunks(fields: JsonFields): Chunks {
  const id = fields.id('id', ID_BYTES)
  const list = fields.optionalList('chunks') ?? []
  if (list.length === 0 || list.length > Limits.chunksMax) fields.fail('bad-chunks', 'chunks', 'are none or too many')
  const ends = new Float64Array(list.length)
  const ids = new Uint8Array(list.length * CHUNK_ID_BYTES)
  list.forEach((chunk, i) => {
    const [end, hex, ...more]: unknown[] = Array.isArray(chunk) ? chunk : []
    const chunkId = typeof hex === 'string' ? decodeHex(hex) : null
    const start = i === 0 ? 0 : ends[i - 1]!
    if (!isSize(end) || chunkId?.length !== CHUNK_ID_BYTES || more.length > 0) {
      fields.fail('bad-chunks', `chunks[${i}]`, 'is not [end, id]')
    }
    if (end <= start || end - start > 0xffff_ffff)
      fields.fail('bad-chunks', `chunks[${i}]`, 'does not ascend, or is too long')
    ends[i] = end
    ids.set(chunkId, i * CHUNK_ID_BYTES)
  })
  fields.done([])
  return { id, ends, ids }
}
