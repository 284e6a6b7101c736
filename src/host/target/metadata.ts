/**
 * Sets what an entry records, in the order that keeps it: the owner first, which drops setuid and capabilities; then
 * attributes go; then the mode; then attributes come, for an ACL refines the mode; times last. Steps that change
 * nothing are left out.
 */
import { Kind } from '../../base/constants.ts'
import { EMPTY, optionalBytesAt } from '../../model/bytes-column.ts'
import type { Entries } from '../../model/entries.ts'
import { compareBytes } from '../../model/path.ts'
import { decodeXattrs, withoutCapability, type Xattr } from '../../model/xattrs.ts'
import { procFd, procName } from '../entry/proc-path.ts'
import { stx } from '../entry/statx.ts'
import { nameAddress } from '../native/c-string.ts'
import { hostError, retry } from '../native/call.ts'
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  Errno,
  O_CLOEXEC,
  O_NOFOLLOW,
  O_PATH,
  S_ISGID,
  S_ISUID,
  UTIME_OMIT,
} from '../native/errno.ts'
import { type Address, addressOf, libc } from '../native/libc.ts'
import { type Keeper, keepsGid, keepsUid, keptMode, keptXattrs, lose } from './keeper.ts'

/** What an entry has before it is changed. */
export type Present = {
  uid: number
  gid: number
  mode: number
  mtimeSec: number
  /** -1 where the time is unknown or just passed: it is then always set. */
  mtimeNsec: number
  xattrs: Uint8Array
}

/** What something just made has. */
export function presentNew(keeper: Keeper, mode: number): Present {
  return { uid: keeper.createdUid, gid: keeper.createdGid, mode, mtimeSec: 0, mtimeNsec: -1, xattrs: EMPTY }
}

/** What the entry has that statx saw last, but for its attributes. */
export function presentSeen(): Present {
  return {
    uid: stx.uid(),
    gid: stx.gid(),
    mode: stx.mode(),
    mtimeSec: stx.mtimeSec(),
    mtimeNsec: stx.mtimeNsec(),
    xattrs: EMPTY,
  }
}

/**
 * Where the metadata is set: through a descriptor that is open for writing or reading; on a name that is not followed; or on the
 * inode that an O_PATH descriptor holds, whatever its name leads to by now (through /proc/self/fd).
 */
export type Place = { fd: number } | { dirFd: number; name: Uint8Array } | { held: number }

const WRITABLE = 0o200

/**
 * Gives an entry the metadata of row i.
 * @param path for the error
 * @throws HostError
 */
export function setMetadata(
  keeper: Keeper,
  place: Place,
  present: Present,
  entries: Entries,
  i: number,
  path: Uint8Array,
): void {
  const kind = entries.kind[i]!
  const owner = setOwner(keeper, place, present, entries, i, path)
  const wanted = keptXattrs(keeper, kind, optionalBytesAt(entries.xattrs, i))
  const had = owner === 'set' ? withoutCapability(present.xattrs) : present.xattrs
  const differ = keeper.xattrs && compareBytes(wanted, had) !== 0
  const kept = keptMode(keeper, entries, i)
  const mode = owner === 'lost' ? withoutIds(kept, kind) : kept
  if (mode !== kept) lose(keeper, 'modes', () => path)
  // Attributes of what its owner may not write are set by the superuser only.
  const isShut =
    differ && kind !== Kind.symlink && !keeper.privileges.isOwnerOfAll && (mode & present.mode & WRITABLE) === 0
  if (isShut) setMode(place, mode | WRITABLE, path)
  if (differ) removeXattrs(keeper, place, had, wanted, path)
  const modeMoved = (owner === 'set' && mode > 0o777) || (differ && had.length > 0)
  if (kind !== Kind.symlink && !isShut && (mode !== present.mode || modeMoved)) setMode(place, mode, path)
  if (differ) addXattrs(keeper, place, had, wanted, path)
  if (isShut) setMode(place, mode, path)
  const { mtimeSec, mtimeNsec } = entries
  if (mtimeNsec[i] !== present.mtimeNsec || mtimeSec[i] !== present.mtimeSec || differ) {
    setTime(keeper, place, mtimeSec[i]!, mtimeNsec[i]!, path)
  }
}

/** A program must not run as a user or group that it was not meant for. */
function withoutIds(mode: number, kind: number): number {
  return kind === Kind.directory ? mode : mode & ~(S_ISUID | S_ISGID)
}

function setOwner(
  keeper: Keeper,
  place: Place,
  present: Present,
  entries: Entries,
  i: number,
  path: Uint8Array,
): 'kept' | 'set' | 'lost' {
  const uid = keepsUid(keeper, entries.uid[i]!) ? entries.uid[i]! : present.uid
  const gid = keepsGid(keeper, entries.gid[i]!) ? entries.gid[i]! : present.gid
  if (uid === present.uid && gid === present.gid) return 'kept'
  const result = retry(() => {
    if ('fd' in place) return libc.fchown(place.fd, uid, gid)
    if ('held' in place) return libc.fchownat(place.held, nameAddress(EMPTY), uid, gid, AT_EMPTY_PATH)
    return libc.fchownat(place.dirFd, nameAddress(place.name), uid, gid, AT_SYMLINK_NOFOLLOW)
  })
  if (result === 0) return 'set'
  // A user namespace does not map every number, and some filesystems have no owners.
  const errno = libc.errno()
  if (errno !== Errno.EINVAL && errno !== Errno.EPERM && errno !== Errno.ENOTSUP) throw hostError('chown', path)
  lose(keeper, 'owners', () => path)
  return 'lost'
}

/** Sets the permission bits; a symlink in the entry's place is not followed. @throws HostError */
export function setMode(place: Place, mode: number, path: Uint8Array): void {
  const result = retry(() => {
    if ('fd' in place) return libc.fchmod(place.fd, mode)
    if ('held' in place) return libc.fchmodat(AT_FDCWD, procFd(place.held), mode, 0)
    return libc.fchmodat(place.dirFd, nameAddress(place.name), mode, AT_SYMLINK_NOFOLLOW)
  })
  if (result === 0) return
  if (!('dirFd' in place) || libc.errno() !== Errno.ENOTSUP) throw hostError('chmod', path)
  setModeByProc(place.dirFd, place.name, mode, path)
}

/** For C libraries whose fchmodat knows no AT_SYMLINK_NOFOLLOW. */
function setModeByProc(dirFd: number, name: Uint8Array, mode: number, path: Uint8Array): void {
  const fd = retry(() => libc.openat(dirFd, nameAddress(name), O_PATH | O_NOFOLLOW | O_CLOEXEC, 0))
  if (fd === -1) throw hostError('open', path)
  const result = retry(() => libc.fchmodat(AT_FDCWD, procFd(fd), mode, 0))
  const error = result === 0 ? null : hostError('chmod', path)
  libc.close(fd)
  if (error !== null) throw error
}

/** Two struct timespec: access, modification. */
const times = new Int32Array(32)
let timesAddress: Address = 0

/** The address of two times for utimensat(2): the access time stays. Good until the next call. */
export function fillTimes(sec: number, nsec: number): Address {
  if (timesAddress === 0) timesAddress = addressOf(times)
  times[2] = UTIME_OMIT
  times[4] = sec | 0
  times[5] = Math.floor(sec / 2 ** 32)
  times[6] = nsec
  return timesAddress
}

/** Sets the modification time, not the access time. @throws HostError */
export function setTime(keeper: Keeper, place: Place, sec: number, nsec: number, path: Uint8Array): void {
  fillTimes(sec, nsec)
  const result = retry(() => {
    if ('fd' in place) return libc.futimens(place.fd, timesAddress)
    if ('held' in place) return libc.utimensat(AT_FDCWD, procFd(place.held), timesAddress, 0)
    return libc.utimensat(place.dirFd, nameAddress(place.name), timesAddress, AT_SYMLINK_NOFOLLOW)
  })
  if (result === 0) return
  // A directory of another user may be open to our changes, but not its times.
  if (libc.errno() !== Errno.EPERM || keeper.privileges.isOwnerOfAll) throw hostError('utimensat', path)
  lose(keeper, 'times', () => path)
}

function removeXattrs(keeper: Keeper, place: Place, present: Uint8Array, wanted: Uint8Array, path: Uint8Array): void {
  const kept = decodeXattrs(wanted)
  for (const { name } of decodeXattrs(present)) {
    if (kept.some((xattr) => compareBytes(xattr.name, name) === 0)) continue
    const result = retry(() => {
      if ('fd' in place) return libc.fremovexattr(place.fd, nameAddress(name))
      if ('held' in place) return libc.removexattr(procFd(place.held), nameAddress(name))
      return libc.lremovexattr(procName(place.dirFd, place.name), nameAddress(name))
    })
    if (result !== 0 && libc.errno() !== Errno.ENODATA) lostXattr(keeper, 'removexattr', path)
  }
}

/** ACLs last: one that its owner may not write by lets nothing else be set behind it. */
function addXattrs(keeper: Keeper, place: Place, present: Uint8Array, wanted: Uint8Array, path: Uint8Array): void {
  const had = decodeXattrs(present)
  const xattrs = decodeXattrs(wanted)
  const isAcl = ({ name }: Xattr): boolean => Buffer.from(name).toString('latin1').startsWith('system.')
  for (const xattr of [...xattrs.filter((xattr) => !isAcl(xattr)), ...xattrs.filter(isAcl)]) {
    if (had.some(({ name, value }) => compareBytes(name, xattr.name) === 0 && compareBytes(value, xattr.value) === 0)) {
      continue
    }
    if (!addXattr(place, xattr)) lostXattr(keeper, 'setxattr', path)
  }
}

function addXattr(place: Place, { name, value }: Xattr): boolean {
  // A short array may live on the JavaScript heap, where it has no lasting address.
  const bytes = new Uint8Array(Math.max(value.length, 128))
  bytes.set(value)
  const at = addressOf(bytes)
  const result = retry(() => {
    if ('fd' in place) return libc.fsetxattr(place.fd, nameAddress(name), at, value.length, 0)
    if ('held' in place) return libc.setxattr(procFd(place.held), nameAddress(name), at, value.length, 0)
    return libc.lsetxattr(procName(place.dirFd, place.name), nameAddress(name), at, value.length, 0)
  })
  return result === 0
}

function lostXattr(keeper: Keeper, call: string, path: Uint8Array): void {
  const errno = libc.errno()
  if (errno !== Errno.ENOTSUP && errno !== Errno.EPERM && errno !== Errno.EINVAL) throw hostError(call, path)
  lose(keeper, 'xattrs', () => path)
}
