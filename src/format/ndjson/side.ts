/** One side of a row as a JSON object and back (spec appendix A.3). What is zero, empty or absent is left out. */
import { Kind, Limits } from '../../base/constants.ts'
import type { Entry, Hint } from '../../model/entries.ts'
import { ID_BYTES } from '../../model/entries.ts'
import { checkHoles } from '../../model/holes.ts'
import type { OwnerNames } from '../../model/owners.ts'
import { isPath } from '../../model/path.ts'
import { formatSeconds, parseSeconds } from '../../model/time.ts'
import { kindWords } from '../../model/words.ts'
import { encodeXattrs, type Xattr } from '../../model/xattrs.ts'
import type { JsonFields } from './fields.ts'
import {
  type ByteString,
  decodeDevice,
  decodeHolePairs,
  decodeIno,
  decodeMode,
  encodeByteString,
  encodeDevice,
  encodeHex,
  encodeHolePairs,
  encodeIno,
  encodeMode,
  encodeXattrPairs,
} from './values.ts'

export type JsonSide = {
  kind: string
  mode: string
  uid: number
  user?: ByteString
  gid: number
  group?: ByteString
  size?: number
  mtime: string
  rdev?: string
  content?: string
  target?: ByteString
  link?: ByteString
  moved?: ByteString
  xattrs?: [ByteString, ByteString][]
  hint?: JsonHint
}

type JsonHint = {
  ino?: number | string
  dev?: string
  ctime?: string
  nlink?: number
  racy?: true
  holes?: [number, number][]
}

const sideFields = ['size', 'rdev', 'content', 'target', 'link']

/** An entry with the names of its owners. */
export function encodeSide(entry: Entry, names: OwnerNames): JsonSide {
  const user = names.users.get(entry.uid)
  const group = names.groups.get(entry.gid)
  const side: JsonSide = {
    kind: kindWords[entry.kind]!,
    mode: encodeMode(entry.mode),
    uid: entry.uid,
    ...(user !== undefined && { user: encodeByteString(user) }),
    gid: entry.gid,
    ...(group !== undefined && { group: encodeByteString(group) }),
    ...(entry.kind === Kind.file && { size: entry.size }),
    mtime: formatSeconds(entry.mtimeSec, entry.mtimeNsec),
  }
  if (isDevice(entry.kind)) side.rdev = encodeDevice(entry.rdevMajor, entry.rdevMinor)
  if (entry.content.length > 0) side.content = encodeHex(entry.content)
  if (entry.target.length > 0) side.target = encodeByteString(entry.target)
  if (entry.link.length > 0) side.link = encodeByteString(entry.link)
  if (entry.moved.length > 0) side.moved = encodeByteString(entry.moved)
  if (entry.xattrs.length > 0) side.xattrs = encodeXattrPairs(entry.xattrs)
  const hint = entry.hint === null ? {} : encodeHint(entry.hint)
  if (Object.keys(hint).length > 0) side.hint = hint
  return side
}

function encodeHint(hint: Hint): JsonHint {
  const json: JsonHint = {}
  if (hint.ino !== 0n) json.ino = encodeIno(hint.ino)
  if (hint.devMajor !== 0 || hint.devMinor !== 0) json.dev = encodeDevice(hint.devMajor, hint.devMinor)
  if (hint.ctimeSec !== 0 || hint.ctimeNsec !== 0) json.ctime = formatSeconds(hint.ctimeSec, hint.ctimeNsec)
  if (hint.nlink !== 0) json.nlink = hint.nlink
  if (hint.racy !== 0) json.racy = true
  if (hint.holes.length > 0) json.holes = encodeHolePairs(hint.holes)
  return json
}

/** The entry of one side, and the names that it gives its owners; null where it gives none. */
export type Side = { entry: Entry; user: Uint8Array | null; group: Uint8Array | null }

/** The inverse of encodeSide, with the defaults of appendix A.3. Throws LineError. */
export function decodeSide(fields: JsonFields): Side {
  const kind = fields.optionalWord('kind', kindWords) ?? fields.fail('bad-field', 'kind', 'is missing')
  if (kind === Kind.absent) fields.fail('bad-value', 'kind', 'is absent: leave the side out')
  const mtime = fields.optionalParsed('mtime', parseSeconds, 'a number of seconds')
  const rdev = isDevice(kind) ? fields.optionalParsed('rdev', decodeDevice, 'major:minor') : null
  const size = kind === Kind.file ? (fields.optionalUint('size', Limits.sizeMax) ?? 0) : 0
  const entry: Entry = {
    kind,
    mode: fields.optionalParsed('mode', decodeMode, 'octal permission bits') ?? defaultMode(kind),
    uid: fields.optionalUint('uid', 0xffff_ffff) ?? 0,
    gid: fields.optionalUint('gid', 0xffff_ffff) ?? 0,
    size,
    mtimeSec: mtime?.sec ?? 0,
    mtimeNsec: mtime?.nsec ?? 0,
    rdevMajor: rdev?.major ?? 0,
    rdevMinor: rdev?.minor ?? 0,
    content: kind === Kind.file ? fields.optionalId('content', ID_BYTES) : NONE,
    target: kind === Kind.symlink ? decodeTarget(fields) : NONE,
    link: kind === Kind.directory ? NONE : decodePath(fields, 'link'),
    moved: decodePath(fields, 'moved'),
    xattrs: decodeXattrPairs(fields),
    hint: decodeHint(fields.optionalObject('hint'), kind, size),
  }
  const side = { entry, user: decodeName(fields, 'user'), group: decodeName(fields, 'group') }
  fields.done(sideFields)
  return side
}

const NONE = new Uint8Array(0)

function isDevice(kind: number): boolean {
  return kind === Kind.char || kind === Kind.block
}

function defaultMode(kind: number): number {
  return kind === Kind.symlink ? 0o777 : kind === Kind.directory ? 0o755 : 0o644
}

function decodeTarget(fields: JsonFields): Uint8Array {
  const target = fields.bytes('target')
  if (target.length === 0 || target.includes(0)) fields.fail('bad-value', 'target', 'is empty or has a NUL')
  if (target.length > Limits.pathBytesMax) fields.fail('path-too-long', 'target', `has ${target.length} bytes`)
  return target
}

function decodePath(fields: JsonFields, name: string): Uint8Array {
  const path = fields.optionalBytes(name)
  if (path === null) return NONE
  if (path.length === 0 || !isPath(path)) fields.fail('bad-name', name, 'is no path made of names')
  if (path.length > Limits.pathBytesMax) fields.fail('path-too-long', name, `has ${path.length} bytes`)
  return path
}

function decodeName(fields: JsonFields, name: string): Uint8Array | null {
  const bytes = fields.optionalBytes(name)
  if (bytes !== null && bytes.length === 0) fields.fail('bad-owners', name, 'is empty: leave it out')
  if (bytes !== null && bytes.length > Limits.nameBytesMax) fields.fail('bad-owners', name, `has ${bytes.length} bytes`)
  return bytes
}

function decodeXattrPairs(fields: JsonFields): Uint8Array {
  const pairs = fields.optionalList('xattrs')
  if (pairs === null) return NONE
  const set = pairs.map((pair): Xattr => {
    if (!Array.isArray(pair) || pair.length !== 2) fields.fail('bad-xattrs', 'xattrs', 'is not a list of [name, value]')
    const xattr = { name: fields.bytesOf('xattrs', pair[0]), value: fields.bytesOf('xattrs', pair[1]) }
    const fits = xattr.name.length > 0 && xattr.name.length <= 0xffff && !xattr.name.includes(0)
    if (!fits) fields.fail('bad-xattrs', 'xattrs', 'has a name that is empty, too long or has a NUL')
    return xattr
  })
  const names = new Set(set.map(({ name }) => encodeHex(name)))
  if (names.size < set.length) fields.fail('bad-xattrs', 'xattrs', 'names an attribute twice')
  const bytes = encodeXattrs(set)
  if (bytes.length > Limits.xattrsBytesMax) fields.fail('bad-xattrs', 'xattrs', `has ${bytes.length} bytes`)
  return bytes
}

function decodeHint(fields: JsonFields | null, kind: number, size: number): Hint | null {
  if (fields === null) return null
  const ino = fields.take('ino')
  const dev = fields.optionalParsed('dev', decodeDevice, 'major:minor')
  const ctime = fields.optionalParsed('ctime', parseSeconds, 'a number of seconds')
  const hint: Hint = {
    ino: ino === undefined ? 0n : (decodeIno(ino) ?? fields.fail('bad-value', 'ino', 'is no inode number')),
    devMajor: dev?.major ?? 0,
    devMinor: dev?.minor ?? 0,
    ctimeSec: ctime?.sec ?? 0,
    ctimeNsec: ctime?.nsec ?? 0,
    nlink: fields.optionalUint('nlink', 0xffff_ffff) ?? 0,
    racy: fields.optionalBoolean('racy') === true ? 1 : 0,
    holes: kind === Kind.file ? decodeHoles(fields, size) : NONE,
  }
  fields.done(['holes'])
  return hint
}

function decodeHoles(fields: JsonFields, size: number): Uint8Array {
  const pairs = fields.optionalList('holes')
  if (pairs === null) return NONE
  if (pairs.length > Limits.holesMax) fields.fail('bad-holes', 'holes', 'are too many')
  const holes = decodeHolePairs(pairs) ?? fields.fail('bad-holes', 'holes', 'are not pairs of [offset, length]')
  if (!checkHoles(holes, size)) fields.fail('bad-holes', 'holes', 'do not ascend within the file')
  return holes
}
