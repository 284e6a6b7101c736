/**
 * Trees on a real disk, from a list of paths and nodes. Every kind of entry can be made, with every piece of metadata;
 * what is left out of a node stays as the system makes it. Paths are relative to the root; the root's own path is ''.
 */
import {
  chmodSync,
  closeSync,
  constants,
  ftruncateSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { atPath, pathBytes } from './deep-path.ts'
import { makeNode, setTimes, setXattr } from './disk-calls.ts'

/** Seconds since 1970 (may be negative) and nanoseconds within the second. */
export type Time = readonly [sec: number, nsec: number]

export type Metadata = {
  mode?: number
  owner?: readonly [uid: number, gid: number]
  mtime?: Time
  xattrs?: Readonly<Record<string, string | Uint8Array>>
}

export type Bytes = string | Uint8Array

export type Node = Metadata &
  (
    | { kind: 'file'; content: Bytes }
    | { kind: 'sparse'; size: number; data: ReadonlyArray<readonly [offset: number, bytes: Bytes]> }
    | { kind: 'directory' }
    | { kind: 'symlink'; target: Bytes }
    | { kind: 'fifo' | 'socket' }
    | { kind: 'char' | 'block'; device: readonly [major: number, minor: number] }
    | { kind: 'link'; to: Bytes }
  )

export type TreeSpec = ReadonlyArray<readonly [path: Bytes, node: Node]>

export function file(content: Bytes, more: Metadata = {}): Node {
  return { kind: 'file', content, ...more }
}
/** A file of `size` bytes that is a hole but for `data`. */
export function sparse(size: number, data: ReadonlyArray<readonly [number, Bytes]>, more: Metadata = {}): Node {
  return { kind: 'sparse', size, data, ...more }
}
export function directory(more: Metadata = {}): Node {
  return { kind: 'directory', ...more }
}
export function symlink(target: Bytes, more: Metadata = {}): Node {
  return { kind: 'symlink', target, ...more }
}
export function fifo(more: Metadata = {}): Node {
  return { kind: 'fifo', ...more }
}
export function socket(more: Metadata = {}): Node {
  return { kind: 'socket', ...more }
}
export function charDevice(major: number, minor: number, more: Metadata = {}): Node {
  return { kind: 'char', device: [major, minor], ...more }
}
export function blockDevice(major: number, minor: number, more: Metadata = {}): Node {
  return { kind: 'block', device: [major, minor], ...more }
}
/** A further name of the file at `to`, which comes earlier in the list. */
export function link(to: Bytes): Node {
  return { kind: 'link', to }
}

/**
 * Makes the tree in the order of the list; `root` exists already. Directories that the list does not name are made on
 * the way. Metadata of directories is set at the end, last first, so that filling them does not move their times.
 * @param mtime for what has no time of its own, also for directories made on the way; else the time it was made at
 */
export function makeTree(root: Bytes, spec: TreeSpec, mtime?: Time): void {
  const dirs = new Map<string, Metadata>()
  for (const [path, node] of spec) {
    makeParents(root, pathBytes(path), dirs)
    if (path.length > 0) makeEntry(root, path, node)
    if (node.kind === 'directory') dirs.set(pathBytes(path).toString('latin1'), node)
    else if (node.kind !== 'link') setMetadata(root, path, withTime(node, mtime))
  }
  for (const [key, node] of [...dirs].reverse()) {
    setMetadata(root, Buffer.from(key, 'latin1'), withTime({ ...node, kind: 'directory' }, mtime))
  }
}

function withTime<M extends Metadata>(node: M, mtime: Time | undefined): M {
  return node.mtime === undefined && mtime !== undefined ? { ...node, mtime } : node
}

function makeParents(root: Bytes, path: Buffer, dirs: Map<string, Metadata>): void {
  for (let slash = path.indexOf(0x2f); slash >= 0; slash = path.indexOf(0x2f, slash + 1)) {
    const parent = path.subarray(0, slash)
    const key = parent.toString('latin1')
    if (dirs.has(key)) continue
    atPath(root, parent, (at) => mkdirSync(at, { recursive: true }))
    dirs.set(key, {})
  }
}

/** Makes one entry, without its metadata. */
export function makeEntry(root: Bytes, path: Bytes, node: Node): void {
  atPath(root, path, (at) => {
    switch (node.kind) {
      case 'file':
        return writeNew(at, [[0, node.content]], 0)
      case 'sparse':
        return writeNew(at, node.data, node.size)
      case 'directory':
        return mkdirSync(at, 0o755)
      case 'symlink':
        return symlinkSync(pathBytes(node.target), at)
      case 'fifo':
      case 'socket':
        return makeNode(at, node.kind, 0, 0)
      case 'char':
      case 'block':
        return makeNode(at, node.kind, node.device[0], node.device[1])
      case 'link':
        return atPath(root, node.to, (to) => linkSync(to, at))
    }
  })
}

function writeNew(path: Buffer, data: ReadonlyArray<readonly [number, Bytes]>, size: number): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644)
  try {
    if (size > 0) ftruncateSync(fd, size)
    for (const [offset, bytes] of data) {
      if (bytes.length > 0) writeSync(fd, pathBytes(bytes), 0, pathBytes(bytes).length, offset)
    }
  } finally {
    closeSync(fd)
  }
}

/**
 * Sets what the node names, in the order that keeps it: user attributes while the mode lets us write, then the owner, which
 * drops setuid and capabilities, then the mode, which an ACL set afterwards refines, times last.
 */
export function setMetadata(root: Bytes, path: Bytes, node: Metadata & { kind: string }): void {
  const xattrs = Object.entries(node.xattrs ?? {})
  atPath(root, path, (at) => {
    for (const [name, value] of xattrs) if (name.startsWith('user.')) setXattr(at, name, pathBytes(value))
    if (node.owner !== undefined) lchownSync(at, node.owner[0], node.owner[1])
    if (node.mode !== undefined && node.kind !== 'symlink') chmodSync(at, node.mode)
    for (const [name, value] of xattrs) if (!name.startsWith('user.')) setXattr(at, name, pathBytes(value))
    if (node.mtime !== undefined) setTimes(at, node.mtime[0], node.mtime[1])
  })
}
