/**
 * A filesystem in memory: inodes, names, a clock. It keeps what a real one keeps (inode numbers, link counts, change
 * times that move by themselves), so that two snapshots of it are related as those of a real tree are.
 */

import { Kind } from '../../src/base/constants.ts'
import { EMPTY } from '../../src/model/bytes-column.ts'
import { type Entry, NO_BYTES_ID } from '../../src/model/entries.ts'
import { joinPath, keyPath, pathKey } from '../../src/model/path.ts'
import type { Row } from '../../src/model/row.ts'

/** What an inode is made with. */
export type Attributes = {
  kind: number
  mode: number
  uid: number
  gid: number
  size: number
  /** Stands for the bytes of a file: equal seed and size, equal bytes. */
  seed: number
  mtimeSec: number
  mtimeNsec: number
  rdevMajor: number
  rdevMinor: number
  target: Uint8Array
  xattrs: Uint8Array
  holes: Uint8Array
}

export type Inode = {
  ino: bigint
  attributes: Attributes
  ctime: number
  nlink: number
  /** Names of a directory, each as pathKey gives it; null for all else. */
  children: Map<string, Inode> | null
}

export type Disk = { root: Inode; clock: number; inoNext: bigint }

/** One name on the disk. */
export type Place = { path: Uint8Array; dir: Inode; name: string; inode: Inode }

export function makeDisk(rootAttributes: Attributes): Disk {
  const disk: Disk = { root: null as unknown as Inode, clock: 1_800_000_000, inoNext: 2n }
  disk.root = makeInode(disk, { ...rootAttributes, kind: Kind.directory })
  disk.root.nlink = 2
  return disk
}

/** A copy that shares nothing. */
export function copyDisk(disk: Disk): Disk {
  const copies = new Map<Inode, Inode>()
  const copy = (inode: Inode): Inode => {
    const known = copies.get(inode)
    if (known !== undefined) return known
    const made: Inode = { ...inode, attributes: { ...inode.attributes }, children: null }
    copies.set(inode, made)
    if (inode.children !== null)
      made.children = new Map([...inode.children].map(([name, child]) => [name, copy(child)]))
    return made
  }
  return { ...disk, root: copy(disk.root) }
}

/** Every name but the root's, in row order. */
export function places(disk: Disk): Place[] {
  const found: Place[] = []
  const dirs: { path: Uint8Array; inode: Inode }[] = [{ path: EMPTY, inode: disk.root }]
  for (const { path: dirPath, inode: dir } of dirs) {
    for (const [name, inode] of dir.children!) {
      const path = joinPath(dirPath, keyPath(name))
      found.push({ path, dir, name, inode })
      if (inode.children !== null) dirs.push({ path, inode })
    }
  }
  return sortedByPath(found)
}

/** Directory by directory, each component by component, then by name: written apart from the code under test. */
function sortedByPath<T extends { path: Uint8Array }>(list: T[]): T[] {
  return list
    .map((each) => ({ each, names: pathKey(each.path).split('/') }))
    .sort((a, b) => compareNames(a.names, b.names))
    .map(({ each }) => each)
}

/** Strings of bytes compare as bytes do. */
function compareNames(a: string[], b: string[]): number {
  const length = Math.min(a.length, b.length) - 1
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1
  if (a.length !== b.length) return a.length - b.length
  return a.at(-1) === b.at(-1) ? 0 : a.at(-1)! < b.at(-1)! ? -1 : 1
}

/** Which ids and hints a snapshot carries. */
export type View = {
  /** Content ids: of every file, of none, or of those whose seed is even. */
  contents: 'all' | 'none' | 'some'
  hints: boolean
}

/** The snapshot's rows in row order, the root first. */
export function snapshotOf(disk: Disk, view: View): Row[] {
  const firstNames = new Map<Inode, Uint8Array>()
  const root: Row = { path: EMPTY, before: null, after: entryOf(disk.root, EMPTY, view) }
  return [
    root,
    ...places(disk).map(({ path, inode }): Row => {
      const link = firstNames.get(inode) ?? EMPTY
      if (link.length === 0 && inode.children === null) firstNames.set(inode, path)
      return { path, before: null, after: entryOf(inode, link, view) }
    }),
  ]
}

function entryOf(inode: Inode, link: Uint8Array, view: View): Entry {
  const { seed, holes, ...attributes } = inode.attributes
  const isFile = attributes.kind === Kind.file
  const hasContent = isFile && (view.contents === 'all' || (view.contents === 'some' && seed % 2 === 0))
  return {
    ...attributes,
    content: hasContent ? idOf(seed, attributes.size) : EMPTY,
    link,
    moved: EMPTY,
    hint: view.hints
      ? {
          ino: inode.ino,
          devMajor: 8,
          devMinor: 1,
          ctimeSec: inode.ctime,
          ctimeNsec: 0,
          nlink: inode.nlink,
          racy: 0,
          holes: isFile ? holes : EMPTY,
        }
      : null,
  }
}

/** A stand-in for BLAKE3: equal where seed and size are. */
export function idOf(seed: number, size: number): Uint8Array {
  if (size === 0) return NO_BYTES_ID
  const id = Buffer.alloc(32, 0x5a)
  id.writeUInt32LE(seed, 0)
  id.writeDoubleLE(size, 8)
  return id
}

export function makeInode(disk: Disk, attributes: Attributes): Inode {
  const isDirectory = attributes.kind === Kind.directory
  return {
    ino: disk.inoNext++,
    attributes: fitToKind(attributes),
    ctime: ++disk.clock,
    nlink: 0,
    children: isDirectory ? new Map() : null,
  }
}

/** What does not go with the kind is zero or empty. */
export function fitToKind(attributes: Attributes): Attributes {
  const { kind } = attributes
  const isDevice = kind === Kind.char || kind === Kind.block
  return {
    ...attributes,
    mode: kind === Kind.symlink ? 0o777 : attributes.mode,
    size: kind === Kind.file ? attributes.size : 0,
    rdevMajor: isDevice ? attributes.rdevMajor : 0,
    rdevMinor: isDevice ? attributes.rdevMinor : 0,
    target: kind === Kind.symlink ? attributes.target : new Uint8Array(0),
    holes: kind === Kind.file && attributes.size >= 4096 ? attributes.holes : new Uint8Array(0),
  }
}

/** Puts an inode at a name; what was there loses that name. The directory's times move, as on a real disk. */
export function putName(disk: Disk, dir: Inode, name: string, inode: Inode): void {
  dropName(disk, dir, name)
  dir.children!.set(name, inode)
  inode.nlink++
  touch(disk, inode, false)
  touch(disk, dir, true)
}

export function dropName(disk: Disk, dir: Inode, name: string): void {
  const inode = dir.children!.get(name)
  if (inode === undefined) return
  dir.children!.delete(name)
  inode.nlink--
  touch(disk, inode, false)
  touch(disk, dir, true)
}

/** Moves the change time, and the modification time too where `modified`. */
export function touch(disk: Disk, inode: Inode, modified: boolean): void {
  inode.ctime = ++disk.clock
  if (modified) inode.attributes.mtimeSec = disk.clock
}

/** True where `inode` is `dir` or has it somewhere below: it cannot be moved there. */
export function holds(inode: Inode, dir: Inode): boolean {
  if (inode === dir) return true
  for (const child of inode.children?.values() ?? []) if (holds(child, dir)) return true
  return false
}
