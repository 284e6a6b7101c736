/**
 * Paths (spec §6): byte strings of names joined by '/', relative to the tree's root, which is the empty path.
 * They are compared here and nowhere else.
 */

import { Limits } from '../base/constants.ts'

const SLASH = 0x2f

/** Compares two byte strings as unsigned bytes; a prefix comes first. Negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = a[i]! - b[i]!
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Compares two byte ranges of two heaps as unsigned bytes. */
export function compareRanges(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const length = Math.min(aEnd - aStart, bEnd - bStart)
  for (let i = 0; i < length; i++) {
    const difference = a[aStart + i]! - b[bStart + i]!
    if (difference !== 0) return difference
  }
  return aEnd - aStart - (bEnd - bStart)
}

/**
 * Compares two directory paths component by component: '/' sorts below every other byte (spec §6).
 * The directory walk of a tree, names sorted as bytes, meets directories in this order.
 */
export function comparePaths(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a[i]!
    const y = b[i]!
    if (x === y) continue
    if (x === SLASH) return -1
    if (y === SLASH) return 1
    return x - y
  }
  return a.length - b.length
}

/** Joins a directory path and a name; the root's path is empty, and so is the root's name. */
export function joinPath(dir: Uint8Array, name: Uint8Array): Uint8Array {
  if (dir.length === 0) return name.slice()
  if (name.length === 0) return dir.slice()
  const path = new Uint8Array(dir.length + 1 + name.length)
  path.set(dir)
  path[dir.length] = SLASH
  path.set(name, dir.length + 1)
  return path
}

/** Splits a path into its directory and its last name. The root is `['', '']`. */
export function splitPath(path: Uint8Array): { dir: Uint8Array; name: Uint8Array } {
  const slash = path.lastIndexOf(SLASH)
  if (slash < 0) return { dir: path.subarray(0, 0), name: path }
  return { dir: path.subarray(0, slash), name: path.subarray(slash + 1) }
}

/** A path as a user names it: the directory that its last name lies in, `.` or `/` where none is named. Slashes at its end mean nothing. */
export function splitNamed(path: Uint8Array): { dir: Uint8Array; name: Uint8Array } {
  let end = path.length
  while (end > 1 && path[end - 1] === SLASH) end--
  const { dir, name } = splitPath(path.subarray(0, end))
  return { dir: dir.length > 0 ? dir : path[0] === SLASH ? ROOT : HERE, name }
}

const ROOT = Buffer.from('/')
const HERE = Buffer.from('.')

/** Compares two full paths in row order (spec §6): by directory, component by component, then by name. */
export function compareRowPaths(a: Uint8Array, b: Uint8Array): number {
  const x = splitPath(a)
  const y = splitPath(b)
  const byDir = comparePaths(x.dir, y.dir)
  return byDir !== 0 ? byDir : compareBytes(x.name, y.name)
}

/** True where `path` is `dir` or lies below it. */
export function isWithin(path: Uint8Array, dir: Uint8Array): boolean {
  if (dir.length === 0) return true
  if (path.length < dir.length) return false
  for (let i = 0; i < dir.length; i++) if (path[i] !== dir[i]) return false
  return path.length === dir.length || path[dir.length] === SLASH
}

/** True for a name an entry may have: not empty, not '.' or '..', without '/' and NUL, not too long (spec ). */
export function isName(heap: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  if (length === 0 || length > Limits.nameBytesMax) return false
  if (heap[start] === 0x2e && (length === 1 || (length === 2 && heap[start + 1] === 0x2e))) return false
  for (let i = start; i < end; i++) if (heap[i] === SLASH || heap[i] === 0) return false
  return true
}

/** True for a path whose every component is a name; the empty path is the root and passes. */
export function isPath(path: Uint8Array): boolean {
  if (path.length === 0) return true
  let start = 0
  for (let i = 0; i <= path.length; i++) {
    if (i < path.length && path[i] !== SLASH) continue
    if (!isName(path, start, i)) return false
    start = i + 1
  }
  return true
}

/** The key of a path in a Map: a string in which each byte is one character (latin-1). */
export function pathKey(path: Uint8Array): string {
  return Buffer.from(path.buffer, path.byteOffset, path.length).toString('latin1')
}

/** The path of a key made by pathKey. */
export function keyPath(key: string): Uint8Array {
  return Buffer.from(key, 'latin1')
}
