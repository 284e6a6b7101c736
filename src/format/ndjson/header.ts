/** The header as a JSON object and back (spec appendix A.2). What is empty, false or unknown is left out. */
import { FORMAT_VERSION, Limits, StreamKind } from '../../base/constants.ts'
import type { Header, StreamKind as Kind } from '../../model/item.ts'
import type { JsonFields } from './fields.ts'
import {
  type ByteString,
  decodeDevice,
  decodeIno,
  encodeByteString,
  encodeDevice,
  encodeIno,
  isUnicode,
} from './values.ts'

export type JsonHeader = {
  record: 'header'
  format: number
  kind: Kind
  tool?: string
  host?: string
  root?: ByteString
  rootId?: { dev: string; ino: number | string }
  digest?: 'blake3'
  xattrs?: true
  trustedHidden?: true
  filters?: string[]
  level?: number
  data?: true
  dataBefore?: true
  ignored?: string[]
  comment?: string
  features?: string[]
}

export function encodeHeader(header: Header): JsonHeader {
  const json: JsonHeader = { record: 'header', format: FORMAT_VERSION, kind: header.kind }
  if (header.tool !== '') json.tool = header.tool
  if (header.host !== '') json.host = header.host
  if (header.root.length > 0) json.root = encodeByteString(header.root)
  if (header.rootId !== null) {
    const { devMajor, devMinor, ino } = header.rootId
    json.rootId = { dev: encodeDevice(devMajor, devMinor), ino: encodeIno(ino) }
  }
  if (header.digest === 'blake3') json.digest = 'blake3'
  if (header.xattrs) json.xattrs = true
  if (header.trustedHidden) json.trustedHidden = true
  if (header.filters.length > 0) json.filters = header.filters
  if (header.level !== 0) json.level = header.level
  if (header.data) json.data = true
  if (header.dataBefore) json.dataBefore = true
  if (header.ignored.length > 0) json.ignored = header.ignored
  if (header.comment !== '') json.comment = header.comment
  if (header.features.length > 0) json.features = header.features
  return json
}

const kinds = Object.keys(StreamKind) as Kind[]
const digests = ['none', 'blake3'] as const
const LEVEL_MAX = 22

/** The inverse, with the defaults of appendix A.2. Throws LineError. */
export function decodeHeader(fields: JsonFields): Header {
  const format = fields.optionalUint('format', Limits.sizeMax) ?? FORMAT_VERSION
  if (format !== FORMAT_VERSION) fields.fail('unknown-version', 'format', `is ${format}, not ${FORMAT_VERSION}`)
  const header: Header = {
    kind: kinds[fields.optionalWord('kind', kinds) ?? kinds.indexOf(defaultHeader.kind)]!,
    tool: takeText(fields, 'tool'),
    host: takeText(fields, 'host'),
    root: takeRoot(fields),
    rootId: takeRootId(fields.optionalObject('rootId')),
    digest: digests[fields.optionalWord('digest', digests) ?? 0]!,
    xattrs: fields.optionalBoolean('xattrs') ?? false,
    trustedHidden: fields.optionalBoolean('trustedHidden') ?? false,
    filters: takeTexts(fields, 'filters'),
    level: fields.optionalUint('level', LEVEL_MAX) ?? 0,
    data: fields.optionalBoolean('data') ?? false,
    dataBefore: fields.optionalBoolean('dataBefore') ?? false,
    ignored: takeTexts(fields, 'ignored'),
    comment: takeText(fields, 'comment'),
    features: takeTexts(fields, 'features'),
  }
  fields.done([])
  return header
}

/** The header of lines that begin without one. */
export const defaultHeader: Header = {
  kind: 'changeset',
  tool: '',
  host: '',
  root: new Uint8Array(0),
  rootId: null,
  digest: 'none',
  xattrs: false,
  trustedHidden: false,
  filters: [],
  level: 0,
  data: false,
  dataBefore: false,
  ignored: [],
  comment: '',
  features: [],
}

function takeText(fields: JsonFields, name: string): string {
  const text = fields.optionalText(name) ?? ''
  if (Buffer.byteLength(text) > Limits.textBytesMax) fields.fail('bad-field', name, 'is too long')
  return text
}

function takeTexts(fields: JsonFields, name: string): string[] {
  const list = fields.optionalList(name) ?? []
  if (list.length > Limits.listMax) fields.fail('bad-field', name, 'has too many elements')
  return list.map((text) => {
    const fits =
      typeof text === 'string' && text !== '' && isUnicode(text) && Buffer.byteLength(text) <= Limits.textBytesMax
    return fits ? text : fields.fail('bad-field', name, 'is not a list of texts')
  })
}

function takeRoot(fields: JsonFields): Uint8Array {
  const root = fields.optionalBytes('root') ?? new Uint8Array(0)
  if (root.length > Limits.pathBytesMax) fields.fail('path-too-long', 'root', `has ${root.length} bytes`)
  return root
}

function takeRootId(fields: JsonFields | null): Header['rootId'] {
  if (fields === null) return null
  const dev = fields.optionalParsed('dev', decodeDevice, 'major:minor') ?? fields.fail('bad-field', 'dev', 'is missing')
  const ino = decodeIno(fields.required('ino')) ?? fields.fail('bad-value', 'ino', 'is no inode number')
  fields.done([])
  return { devMajor: dev.major, devMinor: dev.minor, ino }
}
