/**
 * Where work in a tree is: directories below a held root, opened as they are entered in row order. A descriptor is kept
 * for each directory that was entered on the way, so that neighbours cost one call. Nothing outside the root is reached.
 */
import { isWithin } from '../../model/path.ts'
import { openBeneath } from '../entry/beneath.ts'
import { O_DIRECTORY, O_PATH } from '../native/errno.ts'
import { libc } from '../native/libc.ts'

const KEPT_MAX = 64

type Level = { path: Uint8Array; fd: number }

export type Cursor = {
  rootFd: number
  /** Directories entered and kept open, each within the one before. */
  levels: Level[]
}

/** @param rootFd stays the caller's */
export function createCursor(rootFd: number): Cursor {
  return { rootFd, levels: [] }
}

/**
 * Opens a directory (O_PATH); the empty path is the root.
 * @returns its descriptor, good until the next call; -1 with errno as openBeneath has it
 */
export function enter(cursor: Cursor, path: Uint8Array): number {
  const { levels } = cursor
  while (levels.length > 0 && !isWithin(path, levels.at(-1)!.path)) libc.close(levels.pop()!.fd)
  if (path.length === 0) return cursor.rootFd
  const above = levels.at(-1)
  if (above !== undefined && above.path.length === path.length) return above.fd
  const rest = above === undefined ? path : path.subarray(above.path.length + 1)
  const fd = openBeneath(above === undefined ? cursor.rootFd : above.fd, rest, O_PATH | O_DIRECTORY)
  if (fd === -1) return -1
  if (levels.length === KEPT_MAX) libc.close(levels.shift()!.fd)
  levels.push({ path: path.slice(), fd })
  return fd
}

/** Forgets a directory and all below it: what is at its path has changed. */
export function leave(cursor: Cursor, path: Uint8Array): void {
  const { levels } = cursor
  while (levels.length > 0 && isWithin(levels.at(-1)!.path, path)) libc.close(levels.pop()!.fd)
}

export function closeCursor(cursor: Cursor): void {
  for (const { fd } of cursor.levels.splice(0)) libc.close(fd)
}
