/**
 * Paths longer than PATH_MAX and names of any bytes for node:fs: the directory of a path is opened level by level, and the
 * last name is reached through /proc/self/fd. Nothing here is shared with src, so that tests do not judge the code by itself.
 */
import { closeSync, constants, openSync } from 'node:fs'

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW
const SHORT = 4000

/** The bytes of a path: strings are taken as UTF-8. */
export function pathBytes(path: string | Uint8Array): Buffer {
  return typeof path === 'string' ? Buffer.from(path) : Buffer.from(path.buffer, path.byteOffset, path.length)
}

/** Joins a root and a relative path; the empty path is the root. */
export function joinBytes(root: string | Uint8Array, path: string | Uint8Array): Buffer {
  const tail = pathBytes(path)
  return tail.length === 0 ? pathBytes(root) : Buffer.concat([pathBytes(root), Buffer.from('/'), tail])
}

/** Calls `use` with a path that node:fs can take for `path` below `root`, at whatever depth it lies. */
export function atPath<T>(root: string | Uint8Array, path: string | Uint8Array, use: (path: Buffer) => T): T {
  const full = joinBytes(root, path)
  if (full.length < SHORT) return use(full)
  const names = splitNames(pathBytes(path))
  const last = names.pop()!
  let fd = openSync(pathBytes(root), DIRECTORY)
  try {
    for (const name of names) {
      const next = openSync(inDirectory(fd, name), DIRECTORY)
      closeSync(fd)
      fd = next
    }
    return use(inDirectory(fd, last))
  } finally {
    closeSync(fd)
  }
}

/** A short path for a name in an open directory. */
export function inDirectory(fd: number, name: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), name])
}

/** Opens a directory without following a symlink. */
export function openDirectory(path: Uint8Array): number {
  return openSync(pathBytes(path), DIRECTORY)
}

function splitNames(path: Buffer): Buffer[] {
  const names: Buffer[] = []
  let start = 0
  for (let slash = path.indexOf(0x2f); slash >= 0; slash = path.indexOf(0x2f, start)) {
    names.push(path.subarray(start, slash))
    start = slash + 1
  }
  names.push(path.subarray(start))
  return names
}
