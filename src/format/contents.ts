/** Content, recipe and chunks records (spec §7.3 to §7.5): bytes of files, or how to build them. */
import { Limits, recordFields } from '../base/constants.ts'
import { FormatError } from '../base/errors.ts'
import { type BytesColumn, BytesColumnBuilder, bytesAt } from '../model/bytes-column.ts'
import { ID_BYTES } from '../model/entries.ts'
import type { Chunks, ContentPiece, Recipe, RecipeRange, Squeeze } from '../model/item.ts'
import { isPath, pathKey } from '../model/path.ts'
import { bytesFrom, dictionariesBytes, dictionariesBytesMax, isCopy } from '../model/recipe.ts'
import { decodePlanes, decodePlanes64, encodePlanes, encodePlanes64, joinFloats, splitFloats } from './columns.ts'
import { FieldReader, FieldWriter } from './fields.ts'
import { encodeRecord, type Fields } from './msgpack.ts'
import { decodeBytes, encodeBytes } from './sides.ts'

export function encodeContent(piece: ContentPiece): Uint8Array {
  const writer = new FieldWriter().put('id', piece.id).putUint64('size', piece.size).putUint64('offset', piece.offset)
  return encodeRecord('content', writer.put('bytes', piece.bytes).fields)
}

export function decodeContent(fields: Fields, offset: number): ContentPiece {
  const reader = new FieldReader('content', fields, recordFields.content, offset)
  const piece = {
    id: reader.bytes('id', ID_BYTES, ID_BYTES),
    size: reader.optionalUint64('size', Limits.sizeMax),
    offset: reader.optionalUint64('offset', Limits.sizeMax),
    bytes: reader.bytes('bytes', 1, Limits.pieceBytesMax),
  }
  if (piece.offset + piece.bytes.length > piece.size)
    throw new FormatError('bad-content', offset, 'a piece goes beyond its content')
  return piece
}

const rangeSources = ['literal', 'before', 'after', 'zeros'] as const

export function encodeRecipe(recipe: Recipe): Uint8Array {
  const { squeezes } = recipe
  const ranges = [...recipe.ranges, ...squeezes.flatMap((squeeze) => squeeze.ranges)]
  const count = ranges.length
  const from = Uint8Array.from(ranges, (range) => rangeSources.indexOf(range.from))
  const offsets = Float64Array.from(ranges, (range) => (isCopy(range) ? range.offset : 0))
  const lengths = Float64Array.from(ranges, (range) => range.length)
  const { indexes, paths } = tablePaths(ranges)
  const writer = new FieldWriter()
    .put('id', recipe.id)
    .putUint64('size', recipe.size)
    .putBytes('literals', recipe.literals)
  writer.put('count', count).put('from', encodePlanes(from, count))
  writer
    .put('offset', encodeFloats(offsets))
    .put('length', encodeFloats(lengths))
    .put('path', encodePlanes(indexes, count))
  if (paths.ends.length > 0) writer.put('pathCount', paths.ends.length)
  encodeBytes(writer, 'paths', paths, paths.ends.length)
  if (squeezes.length > 0) {
    const column = (of: (squeeze: Squeeze) => number) => encodePlanes(Uint32Array.from(squeezes, of), squeezes.length)
    writer.put('squeezeCount', squeezes.length).put(
      'squeezeBytes',
      column(({ bytes }) => bytes),
    )
    writer.put(
      'squeezeRanges',
      column((squeeze) => squeeze.ranges.length),
    )
  }
  return encodeRecord('recipe', writer.fields)
}

/** Distinct paths in order of first use, and each range's index among them (0 for literals). */
function tablePaths(ranges: RecipeRange[]): { indexes: Uint32Array; paths: BytesColumn } {
  const indexOf = new Map<string, number>()
  const builder = new BytesColumnBuilder()
  const indexes = Uint32Array.from(ranges, (range) => {
    if (!isCopy(range)) return 0
    const key = pathKey(range.path)
    const known = indexOf.get(key)
    if (known !== undefined) return known
    indexOf.set(key, builder.count)
    builder.push(range.path)
    return builder.count - 1
  })
  return { indexes, paths: builder.take() }
}

type Fail = (what: string) => never

export function decodeRecipe(fields: Fields, offset: number): Recipe {
  const reader = new FieldReader('recipe', fields, recordFields.recipe, offset)
  const fail = (what: string): never => {
    throw new FormatError('bad-recipe', offset, what)
  }
  const id = reader.bytes('id', ID_BYTES, ID_BYTES)
  const size = reader.optionalUint64('size', Limits.sizeMax)
  const literals = reader.optionalBytes('literals', ID_BYTES, ID_BYTES) ?? new Uint8Array(0)
  const ranges = decodeRanges(reader, fail)
  const squeezes = decodeSqueezes(reader, ranges, fail)
  if (ranges.reduce((sum, { length }) => sum + length, 0) !== size) fail('ranges do not add up to the size')
  if (literals.length > 0 !== ranges.some((range) => range.from === 'literal'))
    fail('literal ranges and literals go together')
  if (bytesFrom('zeros', ranges) > Limits.zerosBytesMax) fail('too many zeros')
  if (squeezes.length > 0 && literals.length === 0) fail('there is nothing to squeeze')
  const recipe = { id, size, literals, ranges, squeezes }
  if (dictionariesBytes(recipe) > dictionariesBytesMax(size)) fail('the dictionaries are too long for the content')
  return recipe
}

function decodeRanges(reader: FieldReader, fail: Fail): RecipeRange[] {
  const count = reader.uint('count', 1, Limits.recipeRangesMax)
  const from = decodeSmall(reader, 'from', count)
  const offsets = decodeFloats(reader, 'offset', count)
  const lengths = decodeFloats(reader, 'length', count)
  const indexes = decodeSmall(reader, 'path', count)
  const paths = decodePaths(reader, count, fail)
  const ranges: RecipeRange[] = []
  for (let i = 0; i < count; i++) {
    const source = rangeSources[from[i]!] ?? fail('an unknown source')
    const length = lengths[i]!
    if (!(length >= 1 && length <= Limits.sizeMax && offsets[i]! >= 0 && offsets[i]! <= Limits.sizeMax))
      fail('a range out of bounds')
    if (offsets[i]! + length > Limits.sizeMax) fail('a range out of bounds')
    if (source === 'before' || source === 'after')
      ranges.push({ from: source, path: paths[indexes[i]!] ?? fail('no such path'), offset: offsets[i]!, length })
    else if (offsets[i] === 0 && indexes[i] === 0) ranges.push({ from: source, length })
    else fail('literal bytes or zeros with an offset or a path')
  }
  checkPathTable(paths, ranges, indexes, fail)
  return ranges
}

/** Each path is listed once, in order of first use: there is one way to write a recipe. */
function checkPathTable(paths: Uint8Array[], ranges: RecipeRange[], indexes: Uint32Array, fail: Fail): void {
  let used = 0
  for (let i = 0; i < ranges.length; i++) {
    if (!isCopy(ranges[i]!)) continue
    if (indexes[i]! > used) fail('paths are not in order of first use')
    if (indexes[i] === used) used++
  }
  if (used < paths.length) fail('a path that no range uses')
  if (new Set(paths.map(pathKey)).size < paths.length) fail('a path is listed twice')
}

/** Takes the ranges of dictionaries off the others. */
function decodeSqueezes(reader: FieldReader, ranges: RecipeRange[], fail: Fail): Squeeze[] {
  const count = reader.fields['squeezeCount'] === undefined ? 0 : reader.uint('squeezeCount', 1, Limits.recipeRangesMax)
  const bytes = decodeSmall(reader, 'squeezeBytes', count)
  const counts = decodeSmall(reader, 'squeezeRanges', count)
  const total = counts.reduce((sum, each) => sum + each, 0)
  if (total >= ranges.length && count > 0) fail('no range is left for the content')
  const all = ranges.splice(ranges.length - total)
  return Array.from(bytes, (length, k) => {
    if (length === 0 || length > Limits.squeezeBytesMax) fail('a part of squeezed literals is empty or too long')
    const dictionary = all
      .splice(0, counts[k])
      .map((range) => (isCopy(range) ? range : fail('a dictionary that is no copy')))
    const dictionaryBytes = dictionary.reduce((sum, range) => sum + range.length, 0)
    if (dictionaryBytes > Limits.dictionaryBytesMax) fail('a dictionary is too long')
    return { bytes: length, ranges: dictionary }
  })
}

function decodePaths(reader: FieldReader, countMax: number, fail: Fail): Uint8Array[] {
  const count = reader.fields['pathCount'] === undefined ? 0 : reader.uint('pathCount', 1, countMax)
  const column = decodeBytes(reader, 'paths', count)
  if (count === 0) return []
  if (column === null) return fail('paths are missing')
  return Array.from({ length: count }, (_, i) => {
    const path = bytesAt(column, i)
    if (path.length === 0 || path.length > Limits.pathBytesMax || !isPath(path)) fail('a path is not made of names')
    return path
  })
}

const CHUNK_ID_BYTES = 16

export function encodeChunks(chunks: Chunks): Uint8Array {
  const count = chunks.ends.length
  const lengths = Uint32Array.from(chunks.ends, (end, i) => end - (i === 0 ? 0 : chunks.ends[i - 1]!))
  const writer = new FieldWriter().put('id', chunks.id).put('count', count).put('lengths', encodePlanes(lengths, count))
  return encodeRecord('chunks', writer.put('ids', chunks.ids).fields)
}

export function decodeChunks(fields: Fields, offset: number): Chunks {
  const reader = new FieldReader('chunks', fields, recordFields.chunks, offset)
  const id = reader.bytes('id', ID_BYTES, ID_BYTES)
  const count = reader.uint('count', 1, Limits.chunksMax)
  const lengths = decodeSmall(reader, 'lengths', count)
  const ids = reader.bytes('ids', count * CHUNK_ID_BYTES, count * CHUNK_ID_BYTES)
  const ends = new Float64Array(count)
  for (let i = 0, end = 0; i < count; i++) {
    if (lengths[i] === 0) throw new FormatError('bad-chunks', offset, 'an empty chunk')
    end += lengths[i]!
    ends[i] = end
  }
  return { id, ends, ids }
}

function decodeSmall(reader: FieldReader, name: string, count: number): Uint32Array {
  const values = new Uint32Array(count)
  const bytes = reader.optionalBytes(name, 1, Limits.frameBytesMax)
  if (bytes !== null) decodePlanes(bytes, values, count, reader.offset, name)
  return values
}

function encodeFloats(values: Float64Array): Uint8Array | null {
  const halves = new Uint32Array(2 * values.length)
  splitFloats(values, values.length, halves)
  return encodePlanes64(halves, values.length)
}

function decodeFloats(reader: FieldReader, name: string, count: number): Float64Array {
  const halves = new Uint32Array(2 * count)
  const bytes = reader.optionalBytes(name, 1, Limits.frameBytesMax)
  if (bytes !== null) decodePlanes64(bytes, halves, count, reader.offset, name)
  const values = new Float64Array(count)
  joinFloats(halves, count, values)
  return values
}
