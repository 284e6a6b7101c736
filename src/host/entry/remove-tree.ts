/**
 * Removes a tree by descriptors: symlinks are removed, not followed; a mount point in it stops the removal. However deep
 * it is, few directories are open at a time: one that lies too deep is first moved up, to the directory that was given.
 */

import { nameAddress } from '../native/c-string.ts'
import { hostError, retry } from '../native/call.ts'
import { AT_REMOVEDIR, AT_SYMLINK_NOFOLLOW, Errno, O_DIRECTORY, O_RDONLY, SEEK_SET } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { openBeneath } from './beneath.ts'
import { listNames } from './dir.ts'
import { isNotEmpty } from './unlink-open.ts'

/** Levels that are open at a time. */
const DEPTH_MAX = 100
/** Names that are read before they are removed: a directory is not changed while it is read. */
const NAMES_MAX = 4096

type Removal = { baseFd: number; path: Uint8Array }

/**
 * Removes what is at `name`, with all below it; nothing there is fine. Where it is very deep, `dirFd` holds parts of it on the way.
 * @param path for the error
 * @throws HostError; what could be removed by then is gone
 */
export function removeTree(dirFd: number, name: Uint8Array, path: Uint8Array): void {
  removeEntry({ baseFd: dirFd, path }, dirFd, name, 0, () => {})
}

/** @param openUp gives back the permissions that its owner has taken from the directory itself */
function removeEntry(removal: Removal, dirFd: number, name: Uint8Array, depth: number, openUp: () => void): void {
  let result = retry(() => libc.unlinkat(dirFd, nameAddress(name), 0))
  if (result !== 0 && libc.errno() === Errno.EACCES) {
    openUp()
    result = retry(() => libc.unlinkat(dirFd, nameAddress(name), 0))
  }
  if (result === 0) return
  const errno = libc.errno()
  if (errno === Errno.ENOENT) return
  if (errno !== Errno.EISDIR && errno !== Errno.EPERM) throw hostError('unlink', removal.path)
  if (depth > DEPTH_MAX) moveUp(removal, dirFd, name)
  else removeDirectory(removal, dirFd, name, depth)
}

/** A directory whose removal would need more open levels goes on from the top. */
function moveUp(removal: Removal, dirFd: number, name: Uint8Array): void {
  const moved = Buffer.from(`removed-${Math.random().toString(36).slice(2)}`)
  makeOpen(dirFd, name)
  if (retry(() => libc.renameat2(dirFd, nameAddress(name), removal.baseFd, nameAddress(moved), 0)) !== 0) {
    throw hostError('rename', removal.path)
  }
  removeDirectory(removal, removal.baseFd, moved, 0)
}

function removeDirectory(removal: Removal, dirFd: number, name: Uint8Array, depth: number): void {
  if (retry(() => libc.unlinkat(dirFd, nameAddress(name), AT_REMOVEDIR)) === 0) return
  if (libc.errno() === Errno.ENOENT) return
  if (!isNotEmpty()) throw hostError('rmdir', removal.path)
  let fd = openBeneath(dirFd, name, O_RDONLY | O_DIRECTORY)
  if (fd === -1 && libc.errno() === Errno.EACCES) {
    makeOpen(dirFd, name)
    fd = openBeneath(dirFd, name, O_RDONLY | O_DIRECTORY)
  }
  if (fd === -1) throw hostError('open', removal.path)
  try {
    emptyDirectory(removal, fd, depth, () => makeOpen(dirFd, name))
  } finally {
    libc.close(fd)
  }
  if (retry(() => libc.unlinkat(dirFd, nameAddress(name), AT_REMOVEDIR)) !== 0) throw hostError('rmdir', removal.path)
}

function emptyDirectory(removal: Removal, fd: number, depth: number, openUp: () => void): void {
  for (;;) {
    const names: Uint8Array[] = []
    const result = listNames(fd, (block, start, end) => {
      if (names.length < NAMES_MAX) names.push(block.slice(start, end))
    })
    if (result === -1) throw hostError('getdents64', removal.path)
    if (names.length === 0) return
    for (const child of names) removeEntry(removal, fd, child, depth + 1, openUp)
    libc.lseek(fd, 0, SEEK_SET)
  }
}

function makeOpen(dirFd: number, name: Uint8Array): void {
  retry(() => libc.fchmodat(dirFd, nameAddress(name), 0o700, AT_SYMLINK_NOFOLLOW))
}
