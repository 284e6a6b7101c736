/**
 * Where the tree of a target that is not there yet is made, to get its name when it is whole: in a private folder beside it, locked
 * for as long as work is done there. So one that nobody holds is what a crash has left, and holds nothing but a copy.
 */
import { HostError, RefusedError } from '../../base/errors.ts'
import { quotePath } from '../../model/escape.ts'
import type { Privileges } from '../entry/privileges.ts'
import { removeTree } from '../entry/remove-tree.ts'
import { type NameIn, renameTo } from '../entry/rename.ts'
import { statxFd, statxName, stx } from '../entry/statx.ts'
import { nameAddress } from '../native/c-string.ts'
import { check, found, hostError, retry } from '../native/call.ts'
import { AT_REMOVEDIR, Errno, LOCK_EX, LOCK_NB, O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { setMode } from './metadata.ts'
import { busyTarget, STAGE_PREFIX, type Target } from './target.ts'

export type NewTree = {
  target: Target
  /** The folder's name beside the target, and its descriptor, which holds the lock. */
  folder: Uint8Array
  fd: number
  /** Where the tree is made, as the user named the target. */
  path: Uint8Array
}

const TREE = Buffer.from('tree')
const SLASH = Buffer.from('/')
const FOLDER_MODE = 0o700

/**
 * Makes the folder for a target whose parent is open; one that was left is removed before.
 * @throws RefusedError `target-busy`, `leftover-new-tree`; HostError
 */
export function makeNewTree(target: Target): NewTree {
  removeLeftNewTree(target)
  const folder = folderOf(target)
  const path = besidePath(target, folder)
  check('mkdir', path, () => libc.mkdirat(target.parentFd, nameAddress(folder), FOLDER_MODE))
  const fd = openFolder(target, folder)
  try {
    if (fd === -1) throw hostError('open', path)
    // RACE: another that came between the two has taken it for left. Where there are no locks nobody removes it.
    if ((!lock(fd) && libc.errno() === Errno.EAGAIN) || !isStillThere(target, folder, fd)) throw busyTarget()
  } catch (error) {
    if (fd !== -1) libc.close(fd)
    if (error instanceof HostError) retry(() => libc.unlinkat(target.parentFd, nameAddress(folder), AT_REMOVEDIR))
    throw error
  }
  return { target, folder, fd, path: Buffer.concat([path, SLASH, TREE]) }
}

/**
 * Gives the tree the name of the target, where nothing has come meanwhile, and ends the folder.
 * @returns what failed when the tree had its name: the folder could not be removed, or the mode not be put back; null: nothing
 * @throws HostError
 */
export function nameNewTree(tree: NewTree, privileges: Privileges, durable: boolean): HostError | null {
  const { target, fd } = tree
  const { parentFd, name, path } = target
  check('statx', tree.path, () => statxName(fd, nameAddress(TREE)))
  const mode = stx.mode()
  const to = { dirFd: parentFd, name }
  if (renameTo({ dirFd: fd, name: TREE }, to, privileges) !== 0) throw hostError('rename', path)
  const isRemoved = retry(() => libc.unlinkat(parentFd, nameAddress(tree.folder), AT_REMOVEDIR)) === 0
  // The tree has its name: what fails from here on is told, and no more.
  const left = isRemoved ? null : hostError('rmdir', tree.folder)
  const unset = putModeBack(to, mode, path)
  closeNewTree(tree)
  if (durable) retry(() => libc.fsync(parentFd))
  return left ?? unset
}

/** A directory that is closed to its owner was opened up to be renamed. */
function putModeBack(to: NameIn, mode: number, path: Uint8Array): HostError | null {
  if (retry(() => statxName(to.dirFd, nameAddress(to.name))) !== 0 || stx.mode() === mode) return null
  try {
    setMode(to, mode, path)
    return null
  } catch (error) {
    if (error instanceof HostError) return error
    throw error
  }
}

/** Removes the folder with all that was made in it. @throws HostError */
export function removeNewTree(tree: NewTree): void {
  if (tree.fd === -1) return
  removeTree(tree.target.parentFd, tree.folder, tree.path)
  closeNewTree(tree)
}

function closeNewTree(tree: NewTree): void {
  if (tree.fd !== -1) libc.close(tree.fd)
  tree.fd = -1
}

/**
 * Removes what an apply that was cut short has left beside a target whose parent is open.
 * @returns true where there was something
 * @throws RefusedError `target-busy` where one is at work there; `leftover-new-tree` where that cannot be known, or it is not
 * this user's; HostError
 */
export function removeLeftNewTree(target: Target): boolean {
  const folder = folderOf(target)
  const fd = openFolder(target, folder)
  if (fd === -1 && libc.errno() === Errno.ENOENT) return false
  try {
    if (fd === -1 || !isOurs(fd)) throw leftover(target, folder, 'is there, and is not what this user has left')
    if (!lock(fd)) {
      if (libc.errno() === Errno.EAGAIN) throw busyTarget()
      throw leftover(target, folder, 'is there: an apply was cut short, or another is at work')
    }
    if (isStillThere(target, folder, fd)) removeTree(target.parentFd, folder, besidePath(target, folder))
    return true
  } finally {
    if (fd !== -1) libc.close(fd)
  }
}

/** True where there is such a folder beside a target whose parent is open. */
export function hasNewTree(target: Target): boolean {
  return retry(() => statxName(target.parentFd, nameAddress(folderOf(target)))) === 0
}

function folderOf({ name }: Target): Uint8Array {
  return Buffer.concat([STAGE_PREFIX, Buffer.from('new-'), name])
}

function openFolder({ parentFd }: Target, folder: Uint8Array): number {
  return retry(() => libc.openat(parentFd, nameAddress(folder), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0))
}

function lock(fd: number): boolean {
  return retry(() => libc.flock(fd, LOCK_EX | LOCK_NB)) === 0
}

function isOurs(fd: number): boolean {
  return retry(() => statxFd(fd)) === 0 && stx.uid() === libc.geteuid() && stx.mode() === FOLDER_MODE
}

/** @throws HostError */
function isStillThere({ parentFd, path }: Target, folder: Uint8Array, fd: number): boolean {
  check('statx', path, () => statxFd(fd))
  const ino = stx.ino()
  return found('statx', path, () => statxName(parentFd, nameAddress(folder))) && stx.ino() === ino
}

function leftover(target: Target, folder: Uint8Array, why: string): RefusedError {
  return new RefusedError('leftover-new-tree', `${quotePath(besidePath(target, folder))} ${why}`)
}

/** The path of a name in the directory that the target lies in, as the user named that. */
function besidePath({ path, name: own }: Target, name: Uint8Array): Uint8Array {
  let end = path.length
  while (end > 1 && path[end - 1] === SLASH[0]) end--
  return Buffer.concat([path.subarray(0, end - own.length), name])
}
