/**
 * What of an entry's metadata can be kept on this target: by this process, and by its filesystem as far as that is known. What
 * cannot is left out of every comparison and counted, so that a user who is not root can replay a tree, or anybody one onto a
 * filesystem that keeps less, and still see when something else differs.
 */
import { Kind } from '../../base/constants.ts'
import { EMPTY, optionalBytesAt } from '../../model/bytes-column.ts'
import type { Entries } from '../../model/entries.ts'
import { decodeXattrs, encodeXattrs, withoutTrusted, type Xattr } from '../../model/xattrs.ts'
import type { Traits } from '../entry/filesystem.ts'
import { isMapped, type Privileges } from '../entry/privileges.ts'
import { statxFd, stx } from '../entry/statx.ts'
import { check } from '../native/call.ts'
import { keptTime } from './kept-time.ts'

/** How many entries lost what; a number each, said once at the end. */
export type NotKept = { owners: number; xattrs: number; devices: number; modes: number; times: number }

export type Keeper = {
  privileges: Privileges
  filesystem: Traits
  /** Whether xattrs are compared and set: always, but for a stage that an earlier version has left, which did not look at them. */
  xattrs: boolean
  /** Those of the trusted namespace are neither compared nor set: so it is with stages of earlier versions alone. */
  hidesTrusted: boolean
  /** Owner of what is made in the stage. */
  createdUid: number
  createdGid: number
  notKept: NotKept
  /** Called for each loss, with what was lost: `--strict` makes a problem of it. */
  onLost: OnLost
}

export type OnLost = (what: keyof NotKept, path: () => Uint8Array) => void

export function createKeeper(
  privileges: Privileges,
  filesystem: Traits,
  xattrs: boolean,
  hidesTrusted: boolean,
  onLost: OnLost,
): Keeper {
  return {
    privileges,
    filesystem,
    xattrs,
    hidesTrusted,
    createdUid: privileges.uid,
    createdGid: privileges.gid,
    notKept: { owners: 0, xattrs: 0, devices: 0, modes: 0, times: 0 },
    onLost,
  }
}

/** A mount option or the filesystem decides which owner new entries have: that of a directory that is there. @throws HostError */
export function learnOwner(keeper: Keeper, fd: number, path: Uint8Array): void {
  check('statx', path, () => statxFd(fd))
  keeper.createdUid = stx.uid()
  keeper.createdGid = stx.gid()
}

export function lose(keeper: Keeper, what: keyof NotKept, path: () => Uint8Array): void {
  keeper.notKept[what]++
  keeper.onLost(what, path)
}

export function keepsUid({ privileges, filesystem }: Keeper, uid: number): boolean {
  if (filesystem.lacks.has('owners')) return false
  return uid === privileges.uid || (privileges.mayChown && isMapped(privileges.mappedUids, uid))
}

export function keepsGid({ privileges, filesystem }: Keeper, gid: number): boolean {
  if (filesystem.lacks.has('owners')) return false
  return privileges.groups.has(gid) || (privileges.mayChown && isMapped(privileges.mappedGids, gid))
}

export function keepsModes({ filesystem }: Keeper): boolean {
  return !filesystem.lacks.has('modes')
}

const SETUID = 0o4000
const SETGID = 0o2000

/**
 * The mode that row i gets. A program must not run as another user than the one recorded: setuid goes where the owner
 * cannot be kept, setgid of a file where the group cannot.
 */
export function keptMode(keeper: Keeper, entries: Entries, i: number): number {
  let mode = entries.mode[i]!
  if ((mode & (SETUID | SETGID)) === 0) return mode
  if (!keepsUid(keeper, entries.uid[i]!)) mode &= ~SETUID
  if (entries.kind[i] !== Kind.directory && !keepsGid(keeper, entries.gid[i]!)) mode &= ~SETGID
  return mode
}

/** The attributes of an encoded set that can be set here on an entry of this kind, encoded. */
export function keptXattrs(keeper: Keeper, kind: number, xattrs: Uint8Array): Uint8Array {
  if (xattrs.length === 0 || !keeper.xattrs) return EMPTY
  const { maySetTrusted, maySetCapabilities } = keeper.privileges
  if (keeper.hidesTrusted) return keptOf(keeper, kind, withoutTrusted(xattrs))
  const keepsAll = maySetTrusted && maySetCapabilities && keeper.filesystem.lacksXattrs.length === 0
  return keepsAll ? xattrs : keptOf(keeper, kind, xattrs)
}

function keptOf(keeper: Keeper, kind: number, xattrs: Uint8Array): Uint8Array {
  return encodeXattrs(decodeXattrs(xattrs).filter((xattr) => keepsXattr(keeper, kind, xattr)))
}

const USER = 'user.'
const TRUSTED = 'trusted.'
const SECURITY = 'security.'
const CAPABILITY = 'security.capability'

function keepsXattr({ privileges, filesystem }: Keeper, kind: number, xattr: Xattr): boolean {
  const name = Buffer.from(xattr.name).toString('latin1')
  if (filesystem.lacksXattrs.some((start) => name.startsWith(start))) return false
  if (name === CAPABILITY) return privileges.maySetCapabilities
  if (name.startsWith(TRUSTED) || name.startsWith(SECURITY)) return privileges.maySetTrusted
  return !name.startsWith(USER) || kind === Kind.file || kind === Kind.directory
}

/** False for a device that this process may not make. A character device 0:0, with which overlays hide entries, anybody may. */
export function mayMake({ privileges }: Keeper, { kind, rdevMajor, rdevMinor }: Entries, i: number): boolean {
  if (privileges.mayMakeDevices) return true
  const isCover = kind[i] === Kind.char && (rdevMajor?.[i] ?? 0) === 0 && (rdevMinor?.[i] ?? 0) === 0
  return isCover || (kind[i] !== Kind.char && kind[i] !== Kind.block)
}

/** Counts what of row i cannot be set here. */
export function countLosses(keeper: Keeper, entries: Entries, i: number, path: () => Uint8Array): void {
  const kind = entries.kind[i]!
  if (!isOwnerKept(keeper, entries.uid[i]!, entries.gid[i]!)) lose(keeper, 'owners', path)
  const isModeKept = keepsModes(keeper) && keptMode(keeper, entries, i) === entries.mode[i]
  if (kind !== Kind.symlink && !isModeKept) lose(keeper, 'modes', path)
  const { mtimeSec, mtimeNsec } = entries
  const kept = keptTime(keeper.filesystem, mtimeSec[i]!, mtimeNsec[i]!)
  if (kept.sec !== mtimeSec[i] || kept.nsec !== mtimeNsec[i]) lose(keeper, 'times', path)
  if (!keeper.xattrs) return
  const xattrs = optionalBytesAt(entries.xattrs, i)
  if (keptXattrs(keeper, kind, xattrs).length !== xattrs.length) lose(keeper, 'xattrs', path)
}

/** Where the filesystem keeps no owners, all is of one. */
function isOwnerKept(keeper: Keeper, uid: number, gid: number): boolean {
  if (keeper.filesystem.lacks.has('owners')) return uid === keeper.createdUid && gid === keeper.createdGid
  return keepsUid(keeper, uid) && keepsGid(keeper, gid)
}
