/** Whether the tree that a stream was recorded of is here: the header says of which host, path and inode it is. */
import { hostname } from 'node:os'
import type { Header } from '../../model/item.ts'
import { closeFd, openRoot } from '../entry/dir.ts'
import { statxFd, stx } from '../entry/statx.ts'

/** True where the header's root is a directory of this host, and the very one that was scanned. */
export function hostMatches(header: Header): boolean {
  if (header.host === '' || header.host !== hostname() || header.root.length === 0) return false
  let fd: number
  try {
    fd = openRoot(header.root)
  } catch {
    return false
  }
  const isRead = statxFd(fd) === 0
  const id = header.rootId
  const isSame =
    id === null || (stx.devMajor() === id.devMajor && stx.devMinor() === id.devMinor && stx.ino() === id.ino)
  closeFd(fd)
  return isRead && isSame
}
