/**
 * The tree that is changed. Its root is opened once, before the first byte of a stream is read, and held: nobody can put
 * another directory in its place. A root that does not exist is made when something is to be put into it.
 */
import { HostError, RefusedError } from '../../base/errors.ts'
import { splitNamed } from '../../model/path.ts'
import { listNames, openRoot } from '../entry/dir.ts'
import { closeOpened } from '../entry/rename.ts'
import { statxFd, statxName, stx } from '../entry/statx.ts'
import { nameAddress } from '../native/c-string.ts'
import { check, hostError, retry } from '../native/call.ts'
import {
  AT_FDCWD,
  AT_REMOVEDIR,
  Errno,
  LOCK_EX,
  LOCK_NB,
  LOCK_UN,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
} from '../native/errno.ts'
import { libc } from '../native/libc.ts'

/** Stage folders are named so, directly in the root; every scan passes them over. */
export const STAGE_PREFIX = Buffer.from('.fsapply-')

export type Target = {
  /** As the user named it. */
  path: Uint8Array
  /** The root, opened for reading; -1 while it does not exist. */
  fd: number
  /** The directory that a missing root will be made in; -1 otherwise. */
  parentFd: number
  name: Uint8Array
  /** True where the root was made here. */
  isMade: boolean
  devMajor: number
  devMinor: number
}

const HERE = Buffer.from('.')

/** Opens the root of a target. @throws HostError */
export function openTarget(path: Uint8Array): Target {
  const target: Target = { path, fd: -1, parentFd: -1, name: path, isMade: false, devMajor: 0, devMinor: 0 }
  try {
    target.fd = openRoot(path)
  } catch (error) {
    if (!(error instanceof HostError) || error.code !== 'ENOENT') throw error
    openParent(target)
    return target
  }
  try {
    readDevice(target)
    if (isLeftEmpty(target)) adoptRoot(target)
    return target
  } catch (error) {
    closeTarget(target)
    throw error
  }
}

/** A root that is made is marked so until it is what it shall be, for whoever finds it empty after a crash. */
const MADE_MODE = 0o1700

/** True for a root that an apply has made for a stage that it did not come to. The entry was just looked at. */
function isLeftEmpty(target: Target): boolean {
  return stx.mode() === MADE_MODE && stx.uid() === libc.geteuid() && !holdsEntries(target)
}

function openParent(target: Target): void {
  const { dir, name } = splitNamed(target.path)
  target.name = name
  target.parentFd = openRoot(dir)
}

function readDevice(target: Target): void {
  check('statx', target.path, () => statxFd(target.fd))
  target.devMajor = stx.devMajor()
  target.devMinor = stx.devMinor()
}

/**
 * Opens the directory that the root lies in, for exchanging the root with another.
 * @throws RefusedError `not-by-name` where the target was not named by the name it has there, but through a symlink
 */
export function openParentOf(target: Target): void {
  if (isByName(target)) return
  throw new RefusedError('not-by-name', 'the target must be named by its own name, not through a symlink or as a dot')
}

/** True where the target was named by the name that it has in its parent, which is then open. @throws HostError */
export function isByName(target: Target): boolean {
  if (target.parentFd === -1) openParent(target)
  check('statx', target.path, () => statxFd(target.fd))
  const ino = stx.ino()
  const isDots = /^\.{0,2}$/.test(Buffer.from(target.name).toString('latin1'))
  return !isDots && statxName(target.parentFd, nameAddress(target.name)) === 0 && stx.ino() === ino
}

/** Makes a root that is missing, for nobody else to enter yet. @throws HostError */
export function makeRoot(target: Target): void {
  if (target.fd !== -1) return
  check('mkdir', target.path, () => libc.mkdirat(target.parentFd, nameAddress(target.name), MADE_MODE))
  target.isMade = true
  const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
  target.fd = check('open', target.path, () => libc.openat(target.parentFd, nameAddress(target.name), flags, 0))
  readDevice(target)
}

/** Says that the root was made by an apply that was cut short: `unmakeRoot` may remove it. @throws HostError */
export function adoptRoot(target: Target): void {
  if (target.parentFd === -1) openParent(target)
  target.isMade = true
}

/** Removes a root that was made here. It is empty, or stays. */
export function unmakeRoot(target: Target): void {
  if (!target.isMade) return
  check('statx', target.path, () => statxFd(target.fd))
  const ino = stx.ino()
  if (statxName(target.parentFd, nameAddress(target.name)) !== 0 || stx.ino() !== ino) return
  retry(() => libc.unlinkat(target.parentFd, nameAddress(target.name), AT_REMOVEDIR))
  target.isMade = false
}

/**
 * Keeps a second apply away for as long as the root is held (flock(2)); one that does not exist yet nobody can be at work in.
 * A root that a crash has left open to its owner is closed again.
 * @returns false where there are no locks: some network filesystems have none for directories
 * @throws RefusedError `target-busy`
 */
export function lockTarget(target: Target): boolean {
  if (target.fd === -1) return true
  if (retry(() => libc.flock(target.fd, LOCK_EX | LOCK_NB)) === 0) {
    closeOpened(target.fd, target.path)
    return true
  }
  if (libc.errno() === Errno.EAGAIN) throw busyTarget()
  return false
}

export function busyTarget(): RefusedError {
  return new RefusedError('target-busy', 'another apply is at work in this target')
}

/** True where an apply is at work now. */
export function isBusy({ fd }: Pick<Target, 'fd'>): boolean {
  if (fd === -1) return false
  if (retry(() => libc.flock(fd, LOCK_EX | LOCK_NB)) !== 0) return libc.errno() === Errno.EAGAIN
  retry(() => libc.flock(fd, LOCK_UN))
  return false
}

/** Whether an apply has left a stage at a path; false where that cannot be looked at. */
export function hasStage(path: Uint8Array): boolean {
  try {
    const target = openTarget(path)
    try {
      return stagesIn(target).length > 0
    } finally {
      closeTarget(target)
    }
  } catch (error) {
    if (error instanceof HostError || error instanceof RefusedError) return false
    throw error
  }
}

/** Names of the stage folders that an apply has left in the root. @throws HostError */
export function stagesIn(target: Target): Uint8Array[] {
  const names: Uint8Array[] = []
  if (target.fd === -1) return names
  const fd = check('open', target.path, () =>
    libc.openat(target.fd, nameAddress(HERE), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0),
  )
  const result = listNames(fd, (block, start, end) => {
    if (isStageName(block, start, end)) names.push(block.slice(start, end))
  })
  const error = result === -1 ? hostError('getdents64', target.path) : null
  libc.close(fd)
  if (error !== null) throw error
  return names
}

/** True where the root holds anything but stages. @throws HostError */
export function holdsEntries(target: Target): boolean {
  if (target.fd === -1) return false
  const fd = check('open', target.path, () =>
    libc.openat(target.fd, nameAddress(HERE), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0),
  )
  let isHeld = false
  const result = listNames(fd, (block, start, end) => {
    if (!isStageName(block, start, end)) isHeld = true
  })
  const error = result === -1 ? hostError('getdents64', target.path) : null
  libc.close(fd)
  if (error !== null) throw error
  return isHeld
}

/** True for the directory at '/'. */
export function isSystemRoot(target: Target): boolean {
  if (target.fd === -1) return false
  check('statx', target.path, () => statxFd(target.fd))
  const ino = stx.ino()
  const device = [stx.devMajor(), stx.devMinor()]
  check('statx', target.path, () => statxName(AT_FDCWD, nameAddress(Buffer.from('/'))))
  return stx.ino() === ino && stx.devMajor() === device[0] && stx.devMinor() === device[1]
}

/** True for a name that only stage folders have. */
export function isStageName(heap: Uint8Array, start: number, end: number): boolean {
  if (end - start < STAGE_PREFIX.length) return false
  for (let i = 0; i < STAGE_PREFIX.length; i++) if (heap[start + i] !== STAGE_PREFIX[i]) return false
  return true
}

export function closeTarget(target: Target): void {
  if (target.fd !== -1) libc.close(target.fd)
  if (target.parentFd !== -1) libc.close(target.parentFd)
  target.fd = -1
  target.parentFd = -1
}
