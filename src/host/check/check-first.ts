/**
 * First names of hard links that no row speaks of. A further name brings neither contents nor metadata, so that the file that it is
 * linked to must be the one that its row describes: otherwise what the target has there would get a name that was another's.
 */
import { Kind } from '../../base/constants.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import { contentAt, type Entries, hasContent } from '../../model/entries.ts'
import { EntriesBuilder } from '../../model/entries-builder.ts'
import { compareBytes, splitPath } from '../../model/path.ts'
import { readLink } from '../entry/see.ts'
import { statxName, statxRow } from '../entry/statx.ts'
import { deviceKey, XattrReader } from '../entry/xattr-reader.ts'
import { nameAddress, rangeAddress } from '../native/c-string.ts'
import { retry } from '../native/call.ts'
import type { Keeper } from '../target/keeper.ts'
import { type Cursor, enter } from '../target/target-cursor.ts'
import { contentIdOf } from './check-content.ts'
import { matches } from './check-match.ts'

export type FirstNames = {
  keeper: Keeper
  /** Over the target. */
  cursor: Cursor
  /** Equal size and time are taken for equal contents. */
  quick: boolean
  seen: EntriesBuilder
  /** Made when it is first needed. */
  xattrs: XattrReader | null
  /** Ids of inodes that were read: a group of many names is read once. */
  ids: Map<bigint, Uint8Array>
}

/** Inodes whose ids are remembered; then it begins anew. */
const IDS_MAX = 10_000

export function createFirstNames(keeper: Keeper, cursor: Cursor, quick: boolean): FirstNames {
  return { keeper, cursor, quick, seen: new EntriesBuilder(), xattrs: null, ids: new Map() }
}

/** True where the target has at `path` what row i of a side describes. @throws HostError */
export function isFirstAsSaid(first: FirstNames, side: Entries, i: number, path: Uint8Array): boolean {
  const { keeper, cursor, seen, quick } = first
  const { dir, name } = splitPath(path)
  const fd = enter(cursor, dir)
  if (fd === -1 || retry(() => statxName(fd, nameAddress(name))) !== 0) return false
  statxRow(seen, i)
  const kind = seen.kind[i]!
  const xattrs = keeper.xattrs ? xattrsOf(first, fd, name, i) : EMPTY
  const target = kind === Kind.symlink ? readLink(fd, name, path) : EMPTY
  if (xattrs === null || !matches(keeper, side, seen, { target, xattrs }, i)) return false
  if (kind !== Kind.file || side.size[i] === 0 || quick || !hasContent(side, i)) return true
  const id = idOf(first, fd, name, i, path)
  return id !== null && compareBytes(id, contentAt(side, i)) === 0
}

function xattrsOf(first: FirstNames, fd: number, name: Uint8Array, i: number): Uint8Array | null {
  first.xattrs ??= new XattrReader(first.cursor.rootFd, false)
  first.xattrs.enter(fd)
  const device = deviceKey(first.seen.devMajor[i]!, first.seen.devMinor[i]!)
  return first.xattrs.ofName(rangeAddress(name, 0, name.length), name, 0, name.length, device)
}

function idOf({ seen, ids }: FirstNames, fd: number, name: Uint8Array, i: number, path: Uint8Array): Uint8Array | null {
  const ino = seen.ino[i]!
  const known = ids.get(ino)
  if (known !== undefined) return known
  const id = contentIdOf(fd, name, { ino, size: seen.size[i]! }, path)
  if (id === null) return null
  if (ids.size === IDS_MAX) ids.clear()
  ids.set(ino, id)
  return id
}
