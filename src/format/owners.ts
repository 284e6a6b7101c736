/** The owners record (spec §5.7): names of the users and groups that a batch mentions. Hints: never digested. */
import { Limits, recordFields } from '../base/constants.ts'
import { FormatError } from '../base/errors.ts'
import type { Owners } from '../model/batch.ts'
import type { BytesColumn } from '../model/bytes-column.ts'
import { decodePlanes, encodePlanes } from './columns.ts'
import { FieldReader, FieldWriter } from './fields.ts'
import type { Fields } from './msgpack.ts'
import { decodeBytes, encodeBytes } from './sides.ts'

export function encodeOwners(owners: Owners): Fields {
  const writer = new FieldWriter()
  encodeNames(writer, 'userCount', 'uids', owners.uids, 'userNames', owners.userNames)
  encodeNames(writer, 'groupCount', 'gids', owners.gids, 'groupNames', owners.groupNames)
  return writer.fields
}

function encodeNames(
  writer: FieldWriter,
  countName: string,
  idsName: string,
  ids: Uint32Array,
  namesName: string,
  names: BytesColumn,
): void {
  if (ids.length === 0) return
  writer.put(countName, ids.length).put(idsName, encodePlanes(ids, ids.length))
  encodeBytes(writer, namesName, names, ids.length)
}

export function decodeOwners(fields: Fields, offset: number): Owners {
  const reader = new FieldReader('owners', fields, recordFields.owners, offset)
  const users = decodeNames(reader, 'userCount', 'uids', 'userNames')
  const groups = decodeNames(reader, 'groupCount', 'gids', 'groupNames')
  if (users.ids.length + groups.ids.length === 0)
    throw new FormatError('bad-owners', offset, 'an empty owners record is left out')
  return { uids: users.ids, userNames: users.names, gids: groups.ids, groupNames: groups.names }
}

function decodeNames(
  reader: FieldReader,
  countName: string,
  idsName: string,
  namesName: string,
): { ids: Uint32Array; names: BytesColumn } {
  const count = reader.fields[countName] === undefined ? 0 : reader.uint(countName, 1, Limits.batchRowsMax * 3)
  const ids = new Uint32Array(count)
  const bytes = reader.optionalBytes(idsName, 1, Limits.frameBytesMax)
  if (bytes !== null) decodePlanes(bytes, ids, count, reader.offset, idsName)
  const names = decodeBytes(reader, namesName, count)
  if (count === 0) return { ids, names: { heap: new Uint8Array(0), ends: ids } }
  if (names === null) throw new FormatError('bad-owners', reader.offset, `${namesName} missing`)
  for (let i = 0, start = 0; i < count; i++) {
    if (i > 0 && ids[i]! <= ids[i - 1]!) throw new FormatError('bad-owners', reader.offset, `${idsName} not ascending`)
    const length = names.ends[i]! - start
    if (length === 0 || length > Limits.nameBytesMax)
      throw new FormatError('bad-owners', reader.offset, `${namesName}: a name of ${length} bytes`)
    start = names.ends[i]!
  }
  return { ids, names }
}
