/**
 * First names of hard links that no row speaks of. A further name brings neither contents nor metadata, so that the file that it is
 * linked to must be the one that its row describes: otherwise what the target has there would get a name that was another's.
 */
import { Kind } from '../../base/constants.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import { contentAt, type Entries, hasContent } from '../../model/entries.ts'
import { compareBytes, splitPath } from '../../model/path.ts'
import { readLink } from '../entry/see.ts'
import { statxName, statxRow } from '../entry/statx.ts'
import { deviceKey } from '../entry/xattr-reader.ts'
import { nameAddress, rangeAddress } from '../native/c-string.ts'
import { retry } from '../native/call.ts'
import { enter } from '../target/target-cursor.ts'
import { contentIdOf } from './check-content.ts'
import { matches } from './check-match.ts'
import { type Decider, xattrReaderOf } from './decider.ts'

/** Inodes whose ids are remembered; then it begins anew. */
const IDS_MAX = 10_000

/** True where the target has at `path` what row i of a side describes. @throws HostError */
export function isFirstAsSaid(decider: Decider, side: Entries, i: number, path: Uint8Array): boolean {
  const { keeper, cursor, quick, firstSeen: seen } = decider
  const { dir, name } = splitPath(path)
  const fd = enter(cursor, dir)
  if (fd === -1 || retry(() => statxName(fd, nameAddress(name))) !== 0) return false
  statxRow(seen, i)
  const kind = seen.kind[i]!
  const xattrs = keeper.xattrs ? xattrsOf(decider, fd, name, i) : EMPTY
  const target = kind === Kind.symlink ? readLink(fd, name, path) : EMPTY
  if (xattrs === null || !matches(keeper, side, seen, { target, xattrs }, i)) return false
  if (kind !== Kind.file || side.size[i] === 0 || quick || !hasContent(side, i)) return true
  const id = idOf(decider, fd, name, i, path)
  return id !== null && compareBytes(id, contentAt(side, i)) === 0
}

function xattrsOf(decider: Decider, fd: number, name: Uint8Array, i: number): Uint8Array | null {
  const reader = xattrReaderOf(decider)
  reader.enter(fd)
  const { devMajor, devMinor } = decider.firstSeen
  const device = deviceKey(devMajor[i]!, devMinor[i]!)
  return reader.ofName(rangeAddress(name, 0, name.length), name, 0, name.length, device)
}

function idOf(decider: Decider, fd: number, name: Uint8Array, i: number, path: Uint8Array): Uint8Array | null {
  const { firstSeen: seen, firstIds: ids } = decider
  const ino = seen.ino[i]!
  const known = ids.get(ino)
  if (known !== undefined) return known
  const id = contentIdOf(fd, name, { ino, size: seen.size[i]! }, path)
  if (id === null) return null
  if (ids.size === IDS_MAX) ids.clear()
  ids.set(ino, id)
  return id
}
