/** How many entries a tree has, for limits that are given in percent. Mount points are not entered. */

import { Kind } from '../../base/constants.ts'
import { joinPath } from '../../model/path.ts'
import { openBeneath } from '../entry/beneath.ts'
import { DT_DIR, DT_UNKNOWN, listNames } from '../entry/dir.ts'
import { statxName, stx } from '../entry/statx.ts'
import { nameAddress } from '../native/c-string.ts'
import { hostError } from '../native/call.ts'
import { Errno, O_DIRECTORY, O_RDONLY } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { isStageName } from './target.ts'

/** Entries below the root of a target, itself and stages left out. @throws HostError */
export function countEntries(rootFd: number): number {
  let count = 0
  const dirs: Uint8Array[] = [new Uint8Array(0)]
  for (let dir = dirs.pop(); dir !== undefined; dir = dirs.pop()) {
    const fd = openBeneath(rootFd, dir, O_RDONLY | O_DIRECTORY)
    if (fd === -1) {
      if (libc.errno() === Errno.EXDEV || libc.errno() === Errno.EACCES) continue
      throw hostError('open', dir)
    }
    const inner: Uint8Array[] = []
    const isRoot = dir.length === 0
    const result = listNames(fd, (block, start, end, type) => {
      if (isRoot && isStageName(block, start, end)) return
      count++
      if (type === DT_DIR || type === DT_UNKNOWN) inner.push(block.slice(start, end))
    })
    const error = result === -1 ? hostError('getdents64', dir) : null
    for (const name of inner) if (isDirectory(fd, name)) dirs.push(joinPath(dir, name))
    libc.close(fd)
    if (error !== null) throw error
  }
  return count
}

function isDirectory(dirFd: number, name: Uint8Array): boolean {
  return statxName(dirFd, nameAddress(name)) === 0 && stx.kind() === Kind.directory
}
