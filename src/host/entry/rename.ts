/** Renames within one filesystem: never over something else, or two names exchanged; directories closed to their owner are opened. */
import { nameAddress } from '../native/c-string.ts'
import { check, hostError, retry } from '../native/call.ts'
import { AT_SYMLINK_NOFOLLOW, Errno, RENAME_EXCHANGE, RENAME_NOREPLACE } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { type Privileges, readPrivileges } from './privileges.ts'
import { statxFd, statxName, stx } from './statx.ts'

/** A name in an open directory (O_PATH will do). */
export type NameIn = { dirFd: number; name: Uint8Array }

/** Moves an entry to a name where nothing is. 0, or -1 with errno: EEXIST where something is. */
export function renameTo(from: NameIn, to: NameIn, privileges: Privileges): number {
  const result = tryRename(from, to, RENAME_NOREPLACE)
  if (result === 0) return 0
  if (libc.errno() === Errno.EACCES && openUp(from, to, privileges)) return tryRename(from, to, RENAME_NOREPLACE)
  if (libc.errno() !== Errno.EINVAL) return -1
  // Some filesystems know no flags: look first, which leaves a moment between.
  if (statxName(to.dirFd, nameAddress(to.name)) === 0) {
    libc.setErrno(Errno.EEXIST)
    return -1
  }
  return tryRename(from, to, 0)
}

/** Exchanges two entries. 0, or -1 with errno: EINVAL where the filesystem cannot. */
export function exchange(a: NameIn, b: NameIn, privileges: Privileges): number {
  const result = tryRename(a, b, RENAME_EXCHANGE)
  if (result === 0 || libc.errno() !== Errno.EACCES || !openUp(a, b, privileges)) return result
  return tryRename(a, b, RENAME_EXCHANGE)
}

function tryRename(from: NameIn, to: NameIn, flags: number): number {
  return retry(() => libc.renameat2(from.dirFd, nameAddress(from.name), to.dirFd, nameAddress(to.name), flags))
}

/**
 * Takes a step that makes or removes one name in a directory. Where that is closed to its owner, who is us, it is opened for the
 * step alone, and marked for whoever finds it so after a crash.
 * @param call the step as its man page names it
 * @throws HostError
 */
export function stepIn(
  dirFd: number,
  privileges: Privileges,
  call: string,
  path: Uint8Array,
  step: () => number,
): void {
  if (retry(step) !== -1) return
  const refusal = hostError(call, path)
  if (refusal.code !== 'EACCES' || privileges.ignoresModes) throw refusal
  check('statx', path, () => statxFd(dirFd))
  const mode = stx.mode()
  if (!allow(dirFd, DOT, privileges.uid, OPENED)) throw refusal
  try {
    check(call, path, step)
  } finally {
    check('chmod', path, () => libc.fchmodat(dirFd, nameAddress(DOT), mode, 0))
  }
}

/** Closes a directory that a crash has left open so. Nobody else may be at work in it. @throws HostError */
export function closeOpened(dirFd: number, path: Uint8Array): void {
  check('statx', path, () => statxFd(dirFd))
  const [mode, owner] = [stx.mode(), stx.uid()]
  if ((mode & (OPENED | OWNER_WRITES)) !== (OPENED | OWNER_WRITES)) return
  const { ignoresModes, uid } = readPrivileges()
  if (ignoresModes || owner !== uid) return
  check('chmod', path, () => libc.fchmodat(dirFd, nameAddress(DOT), mode & ~(OPENED | OWNER_WRITE), 0))
}

/** The setuid bit, which means nothing on a directory: this one had no write permission for its owner. */
const OPENED = 0o4000
const OWNER_WRITE = 0o200
const OWNER_WRITES = 0o300
const DOT = Buffer.from('.')

/**
 * Gives the owner, who is us, write permission on the directories that a rename changes: those of the names, and the
 * entries themselves, whose '..' changes. The commit puts the modes right at its end. False where nothing was to be done.
 */
function openUp(from: NameIn, to: NameIn, privileges: Privileges): boolean {
  if (privileges.ignoresModes) return false
  let isChanged = false
  for (const { dirFd, name } of [from, to]) {
    if (statxFd(dirFd) === 0) isChanged = allow(dirFd, DOT, privileges.uid) || isChanged
    if (statxName(dirFd, nameAddress(name)) === 0) isChanged = allow(dirFd, name, privileges.uid) || isChanged
  }
  libc.setErrno(Errno.EACCES)
  return isChanged
}

/** Of what statx saw last. */
function allow(dirFd: number, name: Uint8Array, uid: number, mark = 0): boolean {
  const isOurs = stx.uid() === uid && (stx.fullMode() & 0o170000) === 0o040000
  if (!isOurs || (stx.mode() & OWNER_WRITES) === OWNER_WRITES) return false
  const mode = stx.mode() | OWNER_WRITES | mark
  return retry(() => libc.fchmodat(dirFd, nameAddress(name), mode, name === DOT ? 0 : AT_SYMLINK_NOFOLLOW)) === 0
}
