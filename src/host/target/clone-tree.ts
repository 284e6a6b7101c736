/**
 * A copy of a tree beside it: directories are new, everything else is the same inode under a further name, so that a tree of
 * any size costs no data. What is changed in such a copy must be replaced, never written to.
 */
import { Kind } from '../../base/constants.ts'
import { EntriesBuilder } from '../../model/entries-builder.ts'
import { joinPath } from '../../model/path.ts'
import { openBeneath } from '../entry/beneath.ts'
import { namesOf } from '../entry/dir.ts'
import { statxFd, statxName, statxRow, stx } from '../entry/statx.ts'
import { isNotEmpty, unlinkOpen } from '../entry/unlink-open.ts'
import { deviceKey, XattrReader } from '../entry/xattr-reader.ts'
import { nameAddress, rangeAddress } from '../native/c-string.ts'
import { check, hostError, retry } from '../native/call.ts'
import { AT_REMOVEDIR, O_DIRECTORY, O_RDONLY, SEEK_SET } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import type { Keeper } from './keeper.ts'
import { type Place, type Present, setMetadata } from './metadata.ts'
import { isStageName } from './target.ts'
import { walkTrees } from './walk-trees.ts'

type Clone = { keeper: Keeper; xattrs: XattrReader | null; builder: EntriesBuilder }

/**
 * Fills an empty directory with a copy of what is below another.
 * @param isPart false for a whole target, whose stages are left out
 * @throws HostError; EXDEV where a mount point is below
 */
export function cloneTree(keeper: Keeper, fromFd: number, toFd: number, isPart: boolean): void {
  const xattrs = keeper.xattrs ? new XattrReader(fromFd, false) : null
  const clone = { keeper, xattrs, builder: new EntriesBuilder() }
  const link = keeper.filesystem.isLayered ? createGroupLinker(toFd) : linkName
  walkTrees([fromFd, toFd], {
    isPart,
    visit([from, to], name, path) {
      check('statx', path, () => statxName(from!, nameAddress(name)))
      const isDirectory = stx.kind() === Kind.directory
      if (isDirectory) check('mkdir', path, () => libc.mkdirat(to!, nameAddress(name), 0o700))
      else link(from!, to!, name, path)
      return isDirectory
    },
    leave: ([from, to], path) => copyMetadata(clone, from!, to!, path),
  })
}

/** Makes a further name of what statx saw last. @throws HostError */
type LinkName = (from: number, to: number, name: Uint8Array, path: Uint8Array) => void

const linkName: LinkName = (from, to, name, path) => {
  check('link', path, () => libc.linkat(from, nameAddress(name), to, nameAddress(name), 0))
}

/** An overlay copies each name of a lower group up by itself: further names are made of the first one's copy. */
function createGroupLinker(toFd: number): LinkName {
  const firsts = new Map<string, Uint8Array>()
  return (from, to, name, path) => {
    if (stx.nlink() === 1) return linkName(from, to, name, path)
    const key = `${stx.devMajor()}:${stx.devMinor()}:${stx.ino()}`
    const first = firsts.get(key)
    if (first === undefined) firsts.set(key, path.slice())
    // One whose path is too long for a call gets a copy of its own.
    else if (retry(() => libc.linkat(toFd, nameAddress(first), to, nameAddress(name), 0)) === 0) return
    linkName(from, to, name, path)
  }
}

/** Owner, mode, attributes and times of a directory. */
function copyMetadata({ keeper, xattrs, builder }: Clone, fromFd: number, toFd: number, path: Uint8Array): void {
  check('statx', path, () => statxFd(fromFd))
  statxRow(builder, 0)
  if (xattrs !== null) {
    const found = xattrs.ofFd(fromFd, deviceKey(stx.devMajor(), stx.devMinor()))
    if (found !== null) builder.setXattrs(0, found)
  }
  const entries = builder.take(1)!
  check('statx', path, () => statxFd(toFd))
  const present: Present = {
    uid: stx.uid(),
    gid: stx.gid(),
    mode: stx.mode(),
    mtimeSec: 0,
    mtimeNsec: -1,
    xattrs: new Uint8Array(0),
  }
  const place: Place = { fd: toFd }
  setMetadata(keeper, place, present, entries, 0, path)
}

/**
 * The first entry of a tree that no other tree has too: it came after the tree was copied.
 * @returns its path, or null
 */
export function findUnshared(rootFd: number): Uint8Array | null {
  const dirs: Uint8Array[] = [new Uint8Array(0)]
  for (let dir = dirs.pop(); dir !== undefined; dir = dirs.pop()) {
    const fd = openBeneath(rootFd, dir, O_RDONLY | O_DIRECTORY)
    if (fd === -1) throw hostError('open', dir)
    try {
      for (const name of namesOf(fd, dir)) {
        if (dir.length === 0 && isStageName(name, 0, name.length)) continue
        const path = joinPath(dir, name)
        check('statx', path, () => statxName(fd, rangeAddress(name, 0, name.length)))
        if (stx.kind() === Kind.directory) dirs.push(path)
        else if (stx.nlink() === 1) return path
      }
    } finally {
      libc.close(fd)
    }
  }
  return null
}

/**
 * Removes what of a tree has a further name elsewhere, and directories that have nothing else; stages stay.
 * @returns the path of something that has no other name and stays, or null
 * @throws HostError
 */
export function removeShared(rootFd: number): Uint8Array | null {
  let kept: Uint8Array | null = null
  check('lseek', new Uint8Array(0), () => libc.lseek(rootFd, 0, SEEK_SET))
  walkTrees([rootFd], {
    visit([dirFd], name, path) {
      check('statx', path, () => statxName(dirFd!, nameAddress(name)))
      if (stx.kind() === Kind.directory) return true
      if (stx.nlink() === 1) kept = path
      else removeName(dirFd!, name, 0, path)
      return false
    },
    left([dirFd], name, path) {
      if (!removeName(dirFd!, name, AT_REMOVEDIR, path)) kept ??= path
    },
  })
  return kept
}

/** Removes a name. False for a directory that holds something. @throws HostError */
export function removeName(dirFd: number, name: Uint8Array, flags: number, path: Uint8Array): boolean {
  if (unlinkOpen(dirFd, name, flags) === 0) return true
  if (!isNotEmpty()) throw hostError('unlink', path)
  return false
}
