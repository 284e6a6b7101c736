/**
 * When an entry at the target is the one that a side of a row describes: kind; size and time of files; targets of
 * symlinks; device numbers; permission bits, owners and attributes as far as they can be kept here. Times of all else
 * are set, but are no reason to call an entry another one.
 */
import { Kind } from '../../base/constants.ts'
import { optionalBytesAt } from '../../model/bytes-column.ts'
import type { Entries } from '../../model/entries.ts'
import type { EntriesBuilder } from '../../model/entries-builder.ts'
import { compareBytes } from '../../model/path.ts'
import { type Keeper, keepsGid, keepsModes, keepsUid, keptMode, keptXattrs } from '../target/keeper.ts'
import { isKeptAs } from '../target/kept-time.ts'

/** What was seen, in a builder or taken from it. */
export type Seen = Pick<
  Entries,
  'kind' | 'mode' | 'uid' | 'gid' | 'size' | 'mtimeSec' | 'mtimeNsec' | 'rdevMajor' | 'rdevMinor'
>

/** The variable columns of what was seen at row i: a builder does not give them back. */
export type SeenBytes = { target: Uint8Array; xattrs: Uint8Array }

/** True where row i of a side describes what was seen, as far as this can be said without reading contents and links. */
export function matches(keeper: Keeper, side: Entries, seen: Seen, bytes: SeenBytes, i: number): boolean {
  const kind = side.kind[i]!
  if (kind !== seen.kind[i]) return false
  if (kind === Kind.file && (side.size[i] !== seen.size[i] || !isSameTime(keeper, side, seen, i))) return false
  if (kind === Kind.symlink && compareBytes(optionalBytesAt(side.target, i), bytes.target) !== 0) return false
  if ((kind === Kind.char || kind === Kind.block) && !isSameDevice(side, seen, i)) return false
  return isSameMetadata(keeper, side, seen, bytes.xattrs, i)
}

/** True where row i of a side has the time that was seen, as far as it can be kept here. */
export function isSameTime({ filesystem }: Keeper, side: Entries, seen: Seen, i: number): boolean {
  const { mtimeSec, mtimeNsec } = seen
  return isKeptAs(filesystem, side.mtimeSec[i]!, side.mtimeNsec[i]!, mtimeSec[i]!, mtimeNsec[i]!)
}

function isSameDevice(side: Entries, seen: Seen, i: number): boolean {
  return (
    (side.rdevMajor?.[i] ?? 0) === (seen.rdevMajor?.[i] ?? 0) &&
    (side.rdevMinor?.[i] ?? 0) === (seen.rdevMinor?.[i] ?? 0)
  )
}

function isSameMetadata(keeper: Keeper, side: Entries, seen: Seen, xattrs: Uint8Array, i: number): boolean {
  const kind = side.kind[i]!
  if (kind !== Kind.symlink && keepsModes(keeper) && keptMode(keeper, side, i) !== seen.mode[i]) return false
  if (side.uid[i] !== seen.uid[i] && keepsUid(keeper, side.uid[i]!)) return false
  if (side.gid[i] !== seen.gid[i] && keepsGid(keeper, side.gid[i]!)) return false
  if (!keeper.xattrs) return true
  const wanted = keptXattrs(keeper, kind, optionalBytesAt(side.xattrs, i))
  return compareBytes(wanted, keptXattrs(keeper, kind, xattrs)) === 0
}

/** True where a plan's record of what it saw is still so: the same inode, unchanged since (spec §8). */
export function isAsPlanned(plan: Entries, seen: EntriesBuilder, bytes: SeenBytes, i: number): boolean {
  if (plan.kind[i] !== seen.kind[i]) return false
  if (plan.kind[i] === Kind.absent) return true
  const { hints } = plan
  if (hints !== null) {
    if (hints.ino[i] !== seen.ino[i]) return false
    // A directory's change time moves with what is done in it, which other rows speak of.
    const sameChange = hints.ctimeSec[i] === seen.ctimeSec[i] && hints.ctimeNsec[i] === seen.ctimeNsec[i]
    if (plan.kind[i] !== Kind.directory && !sameChange) return false
  }
  return (
    plan.mode[i] === seen.mode[i] &&
    plan.uid[i] === seen.uid[i] &&
    plan.gid[i] === seen.gid[i] &&
    plan.size[i] === seen.size[i] &&
    (plan.kind[i] === Kind.directory || isExactTime(plan, seen, i)) &&
    compareBytes(optionalBytesAt(plan.target, i), bytes.target) === 0 &&
    compareBytes(optionalBytesAt(plan.xattrs, i), bytes.xattrs) === 0
  )
}

function isExactTime(plan: Entries, seen: Seen, i: number): boolean {
  return plan.mtimeSec[i] === seen.mtimeSec[i] && plan.mtimeNsec[i] === seen.mtimeNsec[i]
}
