/** What is at the target for one row after the other, read into a builder of entries; more is read only when it is asked for. */
import { Kind } from '../../base/constants.ts'
import type { Batch } from '../../model/batch.ts'
import { EMPTY, optionalBytesAt, startOf } from '../../model/bytes-column.ts'
import type { Entries, Entry } from '../../model/entries.ts'
import { EntriesBuilder } from '../../model/entries-builder.ts'
import { joinPath } from '../../model/path.ts'
import { readLink } from '../entry/see.ts'
import { statxName, statxRow } from '../entry/statx.ts'
import { deviceKey, XattrReader } from '../entry/xattr-reader.ts'
import { rangeAddress } from '../native/c-string.ts'
import { hostError, retry } from '../native/call.ts'
import { Errno, errnoName } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { addProblem, type Findings } from '../target/findings.ts'
import { contentIdOf } from './check-content.ts'
import type { SeenBytes } from './check-match.ts'
import type { Glance } from './look.ts'

/** One row on its way through the comparison. */
export type Row = {
  batch: Batch
  dir: Uint8Array
  /** The directory's descriptor, or -1 where it is not at the target. */
  fd: number
  i: number
  name: Uint8Array
  /** Bits of Dir: what is known of the directory. */
  flags: number
}

export type Sight = {
  /** Row i holds what was seen for row i of the batch. */
  seen: EntriesBuilder
  /** Of the present row. */
  bytes: SeenBytes
  /** Of the present row, once asked for; null where it was not, or could not be read. */
  id: Uint8Array | null
  isIdKnown: boolean
  xattrs: XattrReader | null
  /** What was seen of the batch beforehand; null where nothing was. */
  glance: Glance | null
  findings: Findings
}

/** @param rootFd the target's root; -1 where it does not exist yet */
export function createSight(rootFd: number, withXattrs: boolean, findings: Findings): Sight {
  return {
    seen: new EntriesBuilder(),
    bytes: { target: EMPTY, xattrs: EMPTY },
    id: null,
    isIdKnown: false,
    xattrs: withXattrs && rootFd !== -1 ? new XattrReader(rootFd, false) : null,
    glance: null,
    findings,
  }
}

/** Starts a batch, of which some may have been seen beforehand. */
export function startLooking(sight: Sight, glance: Glance | null): void {
  sight.glance = glance
  if (glance !== null && glance.seen !== null) sight.seen.load(glance.seen)
}

/** Says that nothing was seen for the present row. */
export function lookAway(sight: Sight): void {
  sight.bytes.target = EMPTY
  sight.bytes.xattrs = EMPTY
  sight.id = null
  sight.isIdKnown = false
}

/** Reads what is at the row's name. False where nothing is, or nothing that could be seen, which is then a problem. */
export function look(sight: Sight, row: Row): boolean {
  const { batch, i, fd } = row
  if (sight.glance?.isSeen[i] === 1) return takeGlance(sight, sight.glance.seen, i)
  const { heap } = batch.names
  const start = startOf(batch.names, i)
  const end = batch.names.ends[i]!
  // The root is seen through itself: its row has no name.
  const address = start === end ? rangeAddress(DOT, 0, 1) : rangeAddress(heap, start, end)
  if (retry(() => statxName(fd, address)) !== 0) return cannotSee(sight, row)
  statxRow(sight.seen, i)
  if (sight.seen.kind[i] === Kind.symlink) {
    sight.bytes.target = readLink(fd, row.name, joinPath(row.dir, row.name))
    sight.seen.setTarget(i, sight.bytes.target)
  }
  if (sight.xattrs !== null) lookAtXattrs(sight, sight.xattrs, row)
  return true
}

/** Says that there is nothing to see of the row: its directory is not there. */
export function overlook(sight: Sight, i: number): false {
  if (sight.glance !== null) sight.seen.clear(i)
  return false
}

const DOT = Buffer.from('.')

function takeGlance({ seen, bytes }: Sight, glance: Entries | null, i: number): boolean {
  if (glance === null || seen.kind[i] === Kind.absent) return false
  bytes.target = optionalBytesAt(glance.target, i)
  bytes.xattrs = optionalBytesAt(glance.xattrs, i)
  seen.setTarget(i, bytes.target)
  seen.setXattrs(i, bytes.xattrs)
  return true
}

function cannotSee(sight: Sight, row: Row): boolean {
  const errno = libc.errno()
  if (errno === Errno.ENOENT) return false
  const path = joinPath(row.dir, row.name)
  if (errno === Errno.ENAMETOOLONG) addProblem(sight.findings, 'too-large', path, 'ENAMETOOLONG')
  else if (errno === Errno.EACCES) addProblem(sight.findings, 'unreadable', path, 'EACCES')
  else throw hostError('statx', path)
  return false
}

function lookAtXattrs(sight: Sight, reader: XattrReader, row: Row): void {
  const { i } = row
  const name = row.name.length === 0 ? DOT : row.name
  const device = deviceKey(sight.seen.devMajor[i]!, sight.seen.devMinor[i]!)
  const found = reader.ofName(rangeAddress(name, 0, name.length), name, 0, name.length, device)
  if (found === null) {
    const detail = errnoName(reader.errno)
    addProblem(sight.findings, 'xattrs-unreadable', joinPath(row.dir, row.name), detail)
    return
  }
  sight.bytes.xattrs = found
  sight.seen.setXattrs(i, found)
}

/** The id of the bytes of the file seen, read once a row; null where they cannot be read, which is then a problem. */
export function idOf(sight: Sight, row: Row): Uint8Array | null {
  if (sight.isIdKnown) return sight.id
  sight.isIdKnown = true
  const path = joinPath(row.dir, row.name)
  sight.id = contentIdOf(row.fd, row.name, { ino: sight.seen.ino[row.i]!, size: sight.seen.size[row.i]! }, path)
  if (sight.id !== null) sight.seen.setContent(row.i, sight.id)
  else if (libc.errno() === Errno.ESTALE) addProblem(sight.findings, 'changed', path, 'while it was read')
  else addProblem(sight.findings, 'unreadable', path, errnoName(libc.errno()))
  return sight.id
}

/** What was seen for row i, the present one; null for nothing. */
export function seenEntry({ seen, bytes, id }: Sight, i: number): Entry | null {
  if (seen.kind[i] === Kind.absent) return null
  return {
    kind: seen.kind[i]!,
    mode: seen.mode[i]!,
    uid: seen.uid[i]!,
    gid: seen.gid[i]!,
    size: seen.size[i]!,
    mtimeSec: seen.mtimeSec[i]!,
    mtimeNsec: seen.mtimeNsec[i]!,
    rdevMajor: seen.rdevMajor[i]!,
    rdevMinor: seen.rdevMinor[i]!,
    content: id ?? EMPTY,
    target: bytes.target,
    link: EMPTY,
    moved: EMPTY,
    xattrs: bytes.xattrs,
    hint: null,
  }
}
