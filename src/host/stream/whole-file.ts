/**
 * A file that is seen only when it is complete. While it is written it has no name (O_TMPFILE, open(2)), so that nothing
 * is left of it however the program ends, and no scan meets it; where the filesystem cannot do that, it has a temporary
 * name beside its own. Devices and pipes are written to directly.
 */
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs'
import { onInterrupt } from '../../base/cleanup.ts'
import { nameAddress } from '../native/c-string.ts'
import { check } from '../native/call.ts'
import { AT_FDCWD, AT_SYMLINK_FOLLOW, O_TMPFILE } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { hostError } from './stdio.ts'

export type WholeFile = {
  /** The descriptor to write to; makes the file when it is first asked for. Throws HostError. */
  open(): number
  /** Gives the file its name, in the place of one that was there. Does nothing where it was never opened. */
  complete(options: { durable: boolean }): void
  /** Gives up. No thread may still write to the descriptor. */
  abandon(): void
}

export function createWholeFile(path: Uint8Array): WholeFile {
  let file: OpenFile | null = null
  let release = () => {}
  const guard = <T>(call: string, work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw hostError(error, call, path)
    }
  }
  return {
    open() {
      file ??= guard('open', () => openFile(path))
      const { temporary } = file
      // A thread may still be writing when a signal comes: the descriptor stays open.
      if (temporary !== null) release = onInterrupt(() => rmSync(temporary, { force: true }))
      return file.fd
    },
    complete({ durable }) {
      if (file === null) return
      const { fd } = file
      if (durable && file.target !== null) guard('fsync', () => fsyncSync(fd))
      if (file.target !== null) nameFile(file, file.target, path)
      const { target } = file
      if (durable && target !== null) guard('fsync', () => syncFolder(folderOf(target)))
      release()
      file = null
      guard('close', () => closeSync(fd))
    },
    abandon() {
      release()
      if (file === null) return
      closeSync(file.fd)
      if (file.temporary !== null) rmSync(file.temporary, { force: true })
      file = null
    },
  }
}

/** `target` is null for a file that is written in place, `temporary` for one without a name. */
type OpenFile = { fd: number; target: Buffer | null; temporary: Buffer | null }

function openFile(path: Uint8Array): OpenFile {
  const existing = statSync(Buffer.from(path), { throwIfNoEntry: false })
  if (existing !== undefined && !existing.isFile()) {
    return { fd: openSync(Buffer.from(path), constants.O_WRONLY), target: null, temporary: null }
  }
  // What a symbolic link leads to is replaced, not the link.
  const target = existing === undefined ? Buffer.from(path) : realpathSync(Buffer.from(path), { encoding: 'buffer' })
  const file = openNameless(target) ?? openNamed(target)
  if (existing !== undefined) keepAccess(file.fd, existing)
  return file
}

function openNameless(target: Buffer): OpenFile | null {
  if (!existsSync('/proc/self/fd')) return null
  try {
    const fd = openSync(folderOf(target), constants.O_WRONLY | O_TMPFILE, 0o666)
    return { fd, target, temporary: null }
  } catch {
    return null
  }
}

function openNamed(target: Buffer): OpenFile {
  const temporary = temporaryName(target)
  const fd = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o666)
  return { fd, target, temporary }
}

/** The new file may be read and written by whoever could the old one. */
function keepAccess(fd: number, { mode, uid, gid }: Stats): void {
  try {
    fchownSync(fd, uid, gid)
  } catch {
    // Only root may give files away; the mode is kept all the same.
  }
  fchmodSync(fd, mode & 0o777)
}

/** Renaming replaces what is there, which linking does not: so a file without a name gets a temporary one for a moment. */
function nameFile(file: OpenFile, target: Buffer, path: Uint8Array): void {
  const temporary = file.temporary ?? temporaryName(target)
  const release = onInterrupt(() => rmSync(temporary, { force: true }))
  try {
    if (file.temporary === null) linkDescriptor(file.fd, temporary, path)
    file.temporary = temporary
    rename(temporary, target, path)
  } finally {
    release()
  }
}

function rename(from: Buffer, to: Buffer, path: Uint8Array): void {
  try {
    renameSync(from, to)
  } catch (error) {
    throw hostError(error, 'rename', path)
  }
}

/** A name is on disk once its folder is. */
function syncFolder(folder: Buffer): void {
  const fd = openSync(folder, constants.O_RDONLY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function linkDescriptor(fd: number, name: Uint8Array, path: Uint8Array): void {
  const source = Buffer.from(`/proc/self/fd/${fd}`)
  const flags = AT_SYMLINK_FOLLOW
  check('linkat', path, () => libc.linkat(AT_FDCWD, nameAddress(source), AT_FDCWD, nameAddress(name), flags))
}

function temporaryName(target: Buffer): Buffer {
  const name = Buffer.from(`.fs-changeset-${Math.random().toString(36).slice(2, 10)}.partial`)
  return Buffer.concat([target.subarray(0, target.lastIndexOf('/') + 1), name])
}

function folderOf(target: Buffer): Buffer {
  const slash = target.lastIndexOf('/')
  return slash < 0 ? Buffer.from('.') : target.subarray(0, slash + 1)
}
