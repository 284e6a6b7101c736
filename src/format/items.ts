/** Items to records and back, by frame type (spec §3.2): the one place that knows which record goes into which frame. */
import { FrameType, Limits, recordFields } from '../base/constants.ts'
import { FormatError } from '../base/errors.ts'
import { EMPTY } from '../model/bytes-column.ts'
import type { Item, StreamKind } from '../model/item.ts'
import { rangeCount } from '../model/recipe.ts'
import { readContentRecords } from './content-records.ts'
import { decodeChunks, decodeContent, decodeRecipe, encodeChunks, encodeContent, encodeRecipe } from './contents.ts'
import { FieldReader, FieldWriter } from './fields.ts'
import { decodeHeader, encodeHeader } from './header.ts'
import { encodeRecord, type Rec } from './msgpack.ts'
import { decodeProblem, encodeProblem } from './notes.ts'
import { decodeRows } from './rows.ts'
import { decodeTouch, encodeTouch } from './touch.ts'

/** Items that one record holds each; rows and end frames are written with digests, by the writer. */
export type RecordItem = Exclude<Item, { kind: 'rows' } | { kind: 'end' }>

type ContentItem = Extract<Item, { kind: 'content' }>

/** The type of the frame that holds an item. */
export function frameTypeOf(item: Item): number {
  switch (item.kind) {
    case 'problem':
      return FrameType.problems
    default:
      return FrameType[item.kind]
  }
}

/** The record of an item. */
export function encodeItem(item: RecordItem): Uint8Array {
  switch (item.kind) {
    case 'header':
      return encodeHeader(item.header)
    case 'touch':
      return encodeTouch(item.touch)
    case 'content':
      return encodeContent(item.piece)
    case 'recipe':
      return encodeRecipe(item.recipe)
    case 'chunks':
      return encodeChunks(item.chunks)
    case 'problem':
      return encodeProblem(item.problem)
    case 'optional':
      return encodeRecord(item.name, new FieldWriter().putBytes('value', item.value).fields)
  }
}

/** The items of a content frame in its usual form; null where its records have to be read one by one. */
export function contentItems(raw: Uint8Array): ContentItem[] | null {
  const pieces = readContentRecords(raw)
  return pieces === null ? null : pieces.map((piece) => ({ kind: 'content', piece, isVerified: false }))
}

/** The items of a frame's records; for every type but end. Throws FormatError. */
export function decodeItems(type: number, records: Rec[], kind: StreamKind, offset: number): Item[] {
  if (type === FrameType.rows) return [{ kind: 'rows', batch: decodeRows(records, kind, offset) }]
  if (type === FrameType.header) {
    if (records.length !== 1) throw new FormatError('unknown-record', offset, 'more than a header in the header frame')
    return [{ kind: 'header', header: decodeHeader(records[0]!, kind, offset) }]
  }
  if (type === FrameType.touch) {
    const [record, ...more] = records
    if (record?.name !== 'touch' || more.length > 0)
      throw new FormatError('unknown-record', offset, 'a touch frame holds one touch record')
    return [{ kind: 'touch', touch: decodeTouch(record.fields, offset) }]
  }
  const items: Item[] = []
  let ranges = 0
  for (const record of records) {
    const item = decodeItem(type, record, offset)
    ranges += rangesOf(item)
    if (ranges > Limits.recipeRangesMax) throw new FormatError('bad-recipe', offset, 'too many ranges in one frame')
    items.push(item)
  }
  return items
}

/** Ranges of an item, of which a frame may have Limits.recipeRangesMax in all. */
export function rangesOf(item: Item): number {
  return item.kind === 'recipe' ? rangeCount(item.recipe) : 0
}

function decodeItem(type: number, record: Rec, offset: number): Item {
  if (record.name.startsWith('x.')) return decodeOptional(record, offset)
  if (type === FrameType.content && record.name === 'content')
    return { kind: 'content', piece: decodeContent(record.fields, offset), isVerified: false }
  if (type === FrameType.recipe && record.name === 'recipe')
    return { kind: 'recipe', recipe: decodeRecipe(record.fields, offset) }
  if (type === FrameType.chunks && record.name === 'chunks')
    return { kind: 'chunks', chunks: decodeChunks(record.fields, offset) }
  if (type === FrameType.problems && record.name === 'problem')
    return { kind: 'problem', problem: decodeProblem(record.fields, offset) }
  throw new FormatError('unknown-record', offset, `${JSON.stringify(record.name)} in a frame of type ${type}`)
}

/** An optional record is a name and bytes, which mean something to those who know the name. */
function decodeOptional(record: Rec, offset: number): Item {
  if (Buffer.byteLength(record.name) > Limits.nameBytesMax)
    throw new FormatError('bad-field', offset, 'name of an optional record')
  const reader = new FieldReader(record.name, record.fields, recordFields.optional, offset)
  return { kind: 'optional', name: record.name, value: reader.optionalBytes('value', 1, Limits.frameBytesMax) ?? EMPTY }
}
