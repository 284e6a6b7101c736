/** Lines of NDJSON (spec appendix A.1): one record a line. Pure: items in, lines out; a line in, a record out. */
import { unreachable } from '../../base/assert.ts'
import { LineError } from '../../base/errors.ts'
import { escapeJson } from '../../model/escape.ts'
import type { Chunks, ContentPiece, Header, Item, Recipe, StreamKind } from '../../model/item.ts'
import type { Problem } from '../../model/problem.ts'
import type { Touch } from '../../model/touch.ts'
import { decodeChunks, decodeContent, decodeRecipe, encodeChunks, encodeContent, encodeRecipe } from './contents.ts'
import { JsonFields } from './fields.ts'
import { decodeHeader, encodeHeader } from './header.ts'
import {
  decodeEnd,
  decodeOptional,
  decodeProblem,
  encodeEnd,
  encodeOptional,
  encodeProblem,
  type GivenEnd,
} from './notes.ts'
import { decodeRow, encodeRows, type GivenRow } from './row.ts'
import { decodeTouch, encodeTouch } from './touch.ts'

/** The lines of an item, each with the newline that ends it. Only visible characters of Unicode are written bare. */
export function encodeLines(item: Item): string {
  let lines = ''
  for (const record of encodeRecords(item)) lines += `${escapeJson(JSON.stringify(record))}\n`
  return lines
}

function encodeRecords(item: Item): object[] {
  switch (item.kind) {
    case 'header':
      return [encodeHeader(item.header)]
    case 'touch':
      return [encodeTouch(item.touch)]
    case 'rows':
      return encodeRows(item.batch)
    case 'content':
      return [encodeContent(item.piece)]
    case 'recipe':
      return [encodeRecipe(item.recipe)]
    case 'chunks':
      return [encodeChunks(item.chunks)]
    case 'problem':
      return [encodeProblem(item.problem)]
    case 'optional':
      return [encodeOptional(item.name, item.value)]
    case 'end':
      return [encodeEnd(item.end)]
    default:
      return unreachable(item)
  }
}

/** What a line says: an item, or a row of one, or an end whose totals may be missing. */
export type LineRecord =
  | { kind: 'header'; header: Header }
  | { kind: 'touch'; touch: Touch }
  | { kind: 'row'; row: GivenRow }
  | { kind: 'content'; piece: ContentPiece }
  | { kind: 'recipe'; recipe: Recipe }
  | { kind: 'chunks'; chunks: Chunks }
  | { kind: 'problem'; problem: Problem }
  | { kind: 'optional'; name: string; value: Uint8Array }
  | { kind: 'end'; end: GivenEnd }

/** The record of a line, its number counted from 1, in a stream of `kind`. Throws LineError. */
export function decodeLine(text: string, line: number, kind: StreamKind): LineRecord {
  const fields = new JsonFields(parse(text, line), 'record', line)
  const record = fields.text('record')
  switch (record) {
    case 'header':
      return { kind: record, header: decodeHeader(fields) }
    case 'touch':
      return { kind: record, touch: decodeTouch(fields) }
    case 'row':
      return { kind: record, row: decodeRow(fields, kind) }
    case 'content':
      return { kind: record, piece: decodeContent(fields) }
    case 'recipe':
      return { kind: record, recipe: decodeRecipe(fields) }
    case 'chunks':
      return { kind: record, chunks: decodeChunks(fields) }
    case 'problem':
      return { kind: record, problem: decodeProblem(fields) }
    case 'optional':
      return { kind: record, ...decodeOptional(fields) }
    case 'end':
      return { kind: record, end: decodeEnd(fields) }
    default:
      throw new LineError('unknown-record', line, `there is no record ${JSON.stringify(record)}`)
  }
}

function parse(text: string, line: number): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new LineError('bad-record', line, `no JSON: ${(error as Error).message}`)
  }
}
