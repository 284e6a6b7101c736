/** One row as a JSON object and back (spec appendix A.3). */
import { Limits } from '../../base/constants.ts'
import { type Batch, forEachRow, pathAt } from '../../model/batch.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import { type Entries, entryAt } from '../../model/entries.ts'
import type { StreamKind } from '../../model/item.ts'
import { type OwnerNames, ownerNames } from '../../model/owners.ts'
import { compareBytes, compareRowPaths, isPath, splitPath } from '../../model/path.ts'
import { stateWords } from '../../model/words.ts'
import type { JsonFields } from './fields.ts'
import { decodeSide, encodeSide, type JsonSide, type Side } from './side.ts'
import { type ByteString, encodeByteString } from './values.ts'

export type JsonRow = {
  record: 'row'
  path: ByteString
  state?: string
  before?: JsonSide
  after?: JsonSide
  seen?: JsonSide
}

/** The rows of a batch in order. */
export function encodeRows(batch: Batch): JsonRow[] {
  const names = ownerNames(batch.owners)
  const rows: JsonRow[] = []
  forEachRow(batch, (d, i) => {
    const row: JsonRow = { record: 'row', path: encodeByteString(pathAt(batch, d, i)) }
    const state = batch.state?.[i] ?? 0
    if (state !== 0) row.state = stateWords[state]!
    putSide(row, 'before', batch.before, i, names)
    putSide(row, 'after', batch.after, i, names)
    putSide(row, 'seen', batch.seen, i, names)
    rows.push(row)
  })
  return rows
}

type SideName = 'before' | 'after' | 'seen'

function putSide(row: JsonRow, side: SideName, entries: Entries | null, i: number, names: OwnerNames): void {
  const entry = entryAt(entries, i)
  if (entry !== null) row[side] = encodeSide(entry, names)
}

/** A row as it was given: its path, its state, and its sides with the names of their owners. */
export type GivenRow = {
  path: Uint8Array
  dir: Uint8Array
  name: Uint8Array
  state: number
  before: Side | null
  after: Side | null
  seen: Side | null
}

/** The row of an object's fields, in a stream of `kind`. Throws LineError. */
export function decodeRow(fields: JsonFields, kind: StreamKind): GivenRow {
  const path = fields.bytes('path')
  const { dir, name } = splitPath(path)
  if (path.length > Limits.pathBytesMax) fields.fail('path-too-long', 'path', `has ${path.length} bytes`)
  if (name.length > Limits.nameBytesMax) fields.fail('path-too-long', 'path', `has a name of ${name.length} bytes`)
  if (!isPath(path)) fields.fail('bad-name', 'path', "is not made of names: empty, '.', '..' or with a NUL")
  const row: GivenRow = {
    path,
    dir,
    name,
    state: fields.optionalWord('state', stateWords) ?? 0,
    before: takeSide(fields, 'before'),
    after: takeSide(fields, 'after'),
    seen: takeSide(fields, 'seen'),
  }
  fields.done([])
  checkSides(fields, row, kind)
  checkPlaces(fields, row)
  return row
}

function takeSide(fields: JsonFields, name: SideName): Side | null {
  const side = fields.optionalObject(name)
  return side === null ? null : decodeSide(side)
}

/** Names refer to names before them, and nothing moves to where it is. */
function checkPlaces(fields: JsonFields, { path, before, after }: GivenRow): void {
  const link = after?.entry.link ?? EMPTY
  if (link.length > 0 && compareRowPaths(link, path) >= 0) {
    fields.fail('bad-link', 'after.link', 'names a path that does not come before the row')
  }
  for (const moved of [before?.entry.moved ?? EMPTY, after?.entry.moved ?? EMPTY]) {
    if (moved.length > 0 && compareBytes(moved, path) === 0)
      fields.fail('bad-link', 'path', 'is moved to or from itself')
  }
}

function checkSides(fields: JsonFields, row: GivenRow, kind: StreamKind): void {
  const isBound = kind === 'plan' || kind === 'receipt'
  if (row.before === null && row.after === null) fields.fail('wrong-side', 'after', 'is missing, and so is before')
  if (row.before !== null && kind === 'snapshot') fields.fail('wrong-side', 'before', 'is in a snapshot')
  if (row.seen !== null && !isBound) fields.fail('wrong-side', 'seen', `is in a ${kind}`)
  if (row.state !== 0 && !isBound) fields.fail('wrong-side', 'state', `is in a ${kind}`)
}
