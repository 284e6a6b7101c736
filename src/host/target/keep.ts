/** Where entries go that a user wants kept: beside, under their name and a suffix, or in a folder, under their path. */
import { onInterrupt } from '../../base/cleanup.ts'
import { RefusedError } from '../../base/errors.ts'
import { isWithin, splitNamed, splitPath } from '../../model/path.ts'
import { openBeneath } from '../entry/beneath.ts'
import { openRoot } from '../entry/dir.ts'
import { procFd } from '../entry/proc-path.ts'
import type { NameIn } from '../entry/rename.ts'
import { readBuffer } from '../entry/see.ts'
import { makeFile, readFile } from '../entry/small-file.ts'
import { statxFd, statxName, stx } from '../entry/statx.ts'
import { nameAddress } from '../native/c-string.ts'
import { check, found, hostError, retry } from '../native/call.ts'
import { AT_FDCWD, AT_REMOVEDIR, Errno, O_CLOEXEC, O_DIRECTORY, O_PATH, O_RDONLY } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { fillTimes } from './metadata.ts'
import type { Target } from './target.ts'

export type Keep = {
  suffix: Uint8Array
  /** The folder's path and descriptor, and whether it was made here; null where there is none. */
  folder: { path: Uint8Array; fd: number; isMade: boolean } | null
}

/**
 * Opens the folder, which is made where it does not exist and `isMaking`; `closeKeep` removes it where nothing came into it. Where it
 * would have to be made and is not, the directory that it would lie in is looked at instead.
 * @throws RefusedError `backup-elsewhere` where it is on another filesystem: entries are renamed into it
 * @throws HostError
 */
export function openKeep(suffix: Uint8Array, path: Uint8Array | null, target: Target, isMaking: boolean): Keep {
  if (path === null) return { suffix, folder: null }
  const isMade = isMaking && makeFolder(path, target)
  const { fd, isThere } = openPlace(path)
  const keep: Keep = { suffix, folder: { path: pathOf(fd, path), fd, isMade } }
  if (isMade) onInterrupt(() => closeKeep(keep, target))
  try {
    check('statx', path, () => statxFd(fd))
    if (target.fd !== -1 && (stx.devMajor() !== target.devMajor || stx.devMinor() !== target.devMinor)) {
      throw new RefusedError('backup-elsewhere', 'the folder for backups must be on the filesystem of the target')
    }
    if (!isThere) closeKeep(keep, target)
    return keep
  } catch (error) {
    closeKeep(keep, target)
    throw error
  }
}

/** Opens the folder, or, where it is not there, the directory that it would lie in. @throws HostError */
function openPlace(path: Uint8Array): { fd: number; isThere: boolean } {
  const isThere = found('statx', path, () => statxName(AT_FDCWD, nameAddress(path)))
  if (isThere) return { fd: openRoot(path), isThere }
  const dir = nameAddress(splitNamed(path).dir)
  return { fd: check('open', path, () => libc.openat(AT_FDCWD, dir, O_PATH | O_DIRECTORY | O_CLOEXEC, 0)), isThere }
}

/** False where it is there already. @throws HostError */
function makeFolder(path: Uint8Array, target: Target): boolean {
  const result = changeQuietly(path, target, () => libc.mkdirat(AT_FDCWD, nameAddress(path), 0o700))
  if (result !== 0 && libc.errno() !== Errno.EEXIST) throw hostError('mkdir', path)
  return result === 0
}

/** A folder that was made and has stayed empty goes. */
export function closeKeep(keep: Keep, target: Target): void {
  if (keep.folder === null) return
  const { path, fd, isMade } = keep.folder
  libc.close(fd)
  if (isMade) {
    changeQuietly(path, target, () => libc.unlinkat(AT_FDCWD, nameAddress(path), AT_REMOVEDIR))
  }
  keep.folder = null
}

/**
 * Makes or removes a name in a directory; where that lies in the target, it keeps its time, which rows speak of.
 * @returns what the call returns, with its errno
 */
function changeQuietly(path: Uint8Array, target: Target, change: () => number): number {
  const { dir } = splitNamed(path)
  const fd = retry(() => libc.openat(AT_FDCWD, nameAddress(dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0))
  const isInside = fd !== -1 && target.fd !== -1 && isWithin(pathOf(fd, dir), pathOf(target.fd, target.path))
  const hasTime = isInside && statxFd(fd) === 0
  const [sec, nsec] = [stx.mtimeSec(), stx.mtimeNsec()]
  const result = retry(change)
  const errno = libc.errno()
  if (result === 0 && hasTime) retry(() => libc.futimens(fd, fillTimes(sec, nsec)))
  if (fd !== -1) libc.close(fd)
  libc.setErrno(errno)
  return result
}

/**
 * What is kept in a tree that is exchanged for another would go with it.
 * @param path of the folder, which need not exist yet
 * @throws RefusedError `backup-inside` where the folder is the target's root or lies below it
 * @throws HostError
 */
export function refuseKeptInside(path: Uint8Array, target: Target): void {
  if (target.fd === -1) return
  const { fd } = openPlace(path)
  const isInside = isWithin(pathOf(fd, path), pathOf(target.fd, target.path))
  libc.close(fd)
  if (isInside) {
    throw new RefusedError('backup-inside', 'the folder for backups lies in the tree that is exchanged as a whole')
  }
}

/** The path of an open directory, whatever name led there; the one given where the system does not tell. */
function pathOf(fd: number, given: Uint8Array): Uint8Array {
  const { bytes, address } = readBuffer()
  const length = retry(() => libc.readlinkat(AT_FDCWD, procFd(fd), address, bytes.length))
  return length > 0 && bytes[0] === SLASH ? bytes.slice(0, length) : given
}

const SLASH = 0x2f

/** True where the folder has something at a path already. @throws HostError */
export function isTakenIn(keep: Keep, path: Uint8Array): boolean {
  if (keep.folder === null) return false
  const { dir, name } = splitPath(path)
  const fd = openBeneath(keep.folder.fd, dir, O_PATH | O_DIRECTORY)
  if (fd === -1) return false
  try {
    return found('statx', path, () => statxName(fd, nameAddress(name)))
  } finally {
    libc.close(fd)
  }
}

/**
 * The place for an entry in the folder; the directories on the way are made.
 * The caller closes the place's directory.
 * @throws HostError
 */
export function placeInFolder(keep: Keep, path: Uint8Array): NameIn {
  const { dir, name } = splitPath(path)
  let fd = check('open', path, () => openBeneath(keep.folder!.fd, new Uint8Array(0), O_PATH | O_DIRECTORY))
  for (let start = 0; start < dir.length; ) {
    const slash = dir.indexOf(0x2f, start)
    const end = slash < 0 ? dir.length : slash
    const next = enterMade(fd, dir.subarray(start, end))
    const error = next === -1 ? hostError('open', path) : null
    libc.close(fd)
    if (error !== null) throw error
    fd = next
    start = end + 1
  }
  return { dirFd: fd, name }
}

function enterMade(dirFd: number, name: Uint8Array): number {
  retry(() => libc.mkdirat(dirFd, nameAddress(name), 0o700))
  return openBeneath(dirFd, name, O_PATH | O_DIRECTORY)
}

/** Name of the file in the stage. */
export const SETTINGS = Buffer.from('settings')

/** Writes down in the stage where entries go, for whoever has to end the apply. @throws HostError */
export function saveKeep(keep: Keep, stageFd: number): void {
  const text = JSON.stringify({ suffix: hex(keep.suffix), folder: keep.folder === null ? null : hex(keep.folder.path) })
  makeFile(stageFd, SETTINGS, Buffer.from(text), SETTINGS)
}

/** Reads that again; where nothing was written, nothing is kept. @throws HostError */
export function loadKeep(stageFd: number, target: Target): Keep {
  const bytes = readFile(stageFd, SETTINGS, SETTINGS)
  if (bytes === null) return { suffix: new Uint8Array(0), folder: null }
  const { suffix, folder } = JSON.parse(Buffer.from(bytes).toString()) as Settings
  return openKeep(Buffer.from(suffix, 'hex'), folder === null ? null : Buffer.from(folder, 'hex'), target, true)
}

type Settings = { suffix: string; folder: string | null }

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
