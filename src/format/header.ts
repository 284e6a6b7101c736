/** The header record (spec §7.1): who recorded which tree, how. */
import { Limits, recordFields } from '../base/constants.ts'
import { FormatError } from '../base/errors.ts'
import type { Header, StreamKind } from '../model/item.ts'
import { TOUCH } from '../model/touch.ts'
import { FieldReader, FieldWriter } from './fields.ts'
import { encodeRecord, type Rec } from './msgpack.ts'

const LEVEL_MAX = 22
const INO_BYTES = 8

/** Features that this version understands; a stream that names another is refused (spec §10). */
export const knownFeatures: readonly string[] = [TOUCH]

export function encodeHeader(header: Header): Uint8Array {
  const writer = new FieldWriter()
    .putText('tool', header.tool)
    .putText('host', header.host)
    .putBytes('root', header.root)
  if (header.rootId !== null) {
    const ino = Buffer.alloc(INO_BYTES)
    ino.writeBigUInt64LE(header.rootId.ino)
    writer.put('rootDevMajor', header.rootId.devMajor).put('rootDevMinor', header.rootId.devMinor).put('rootIno', ino)
  }
  writer
    .putTrue('digest', header.digest === 'blake3')
    .putTrue('xattrs', header.xattrs)
    .putTrue('trustedHidden', header.trustedHidden)
    .putTexts('filters', header.filters)
  if (header.level !== 0) writer.put('level', header.level)
  writer.putTrue('data', header.data).putTrue('dataBefore', header.dataBefore)
  writer.putTexts('ignored', header.ignored).putText('comment', header.comment)
  return encodeRecord('header', writer.putTexts('features', header.features).fields)
}

/** The header of its frame's only record. Throws FormatError. */
export function decodeHeader(record: Rec, kind: StreamKind, offset: number): Header {
  if (record.name !== 'header')
    throw new FormatError('unknown-record', offset, `${JSON.stringify(record.name)} in a header frame`)
  const reader = new FieldReader('header', record.fields, recordFields.header, offset)
  const features = reader.optionalTexts('features', Limits.listMax, Limits.textBytesMax)
  const unknown = features.find((feature) => !knownFeatures.includes(feature))
  if (unknown !== undefined) throw new FormatError('unknown-feature', offset, JSON.stringify(unknown))
  return {
    kind,
    tool: reader.optionalText('tool', Limits.textBytesMax),
    host: reader.optionalText('host', Limits.textBytesMax),
    root: reader.optionalBytes('root', 1, Limits.pathBytesMax) ?? new Uint8Array(0),
    rootId: decodeRootId(reader),
    digest: reader.optionalBoolean('digest') ? 'blake3' : 'none',
    xattrs: reader.optionalBoolean('xattrs'),
    trustedHidden: reader.optionalBoolean('trustedHidden'),
    filters: reader.optionalTexts('filters', Limits.listMax, Limits.textBytesMax),
    level: reader.fields['level'] === undefined ? 0 : reader.uint('level', 1, LEVEL_MAX),
    data: reader.optionalBoolean('data'),
    dataBefore: reader.optionalBoolean('dataBefore'),
    ignored: reader.optionalTexts('ignored', Limits.listMax, Limits.textBytesMax),
    comment: reader.optionalText('comment', Limits.textBytesMax),
    features,
  }
}

function decodeRootId(reader: FieldReader): Header['rootId'] {
  const ino = reader.optionalBytes('rootIno', INO_BYTES, INO_BYTES)
  if (ino === null) {
    if (reader.fields['rootDevMajor'] !== undefined || reader.fields['rootDevMinor'] !== undefined)
      reader.fail('rootIno', 'missing')
    return null
  }
  return {
    devMajor: reader.uint('rootDevMajor', 0, 0xffff_ffff),
    devMinor: reader.uint('rootDevMinor', 0, 0xffff_ffff),
    ino: Buffer.from(ino).readBigUInt64LE(),
  }
}
