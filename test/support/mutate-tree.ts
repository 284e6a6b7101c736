/** Seeded changes of a tree on disk: edits that sizes and times show or hide, moves, swaps, links, changes of kind. */
import {
  chmodSync,
  closeSync,
  lchownSync,
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { atPath, inDirectory, joinBytes, openDirectory } from './deep-path.ts'
import { setTimes, setXattr } from './disk-calls.ts'
import { makeEntry, setMetadata } from './disk-tree.ts'
import { can, isRoot } from './every-kind.ts'
import { makePrng, type Prng } from './prng.ts'
import { randomContent, randomName, randomNode, randomTime } from './random-tree.ts'

export type MutateOptions = {
  seed: number
  /** Changes to make. */
  changeCount: number
  odd: boolean
}

type Tree = {
  root: string
  prng: Prng
  odd: boolean
  /** Counts the new names. */
  made: number
  paths: Buffer[]
}

/** Changes the tree and returns one line a change, for the message of a test that fails. Paths must be below PATH_MAX. */
export function mutateTree(root: string, options: MutateOptions): string[] {
  const tree: Tree = { root, prng: makePrng(options.seed), odd: options.odd, made: 0, paths: listTree(root) }
  const log: string[] = []
  for (let i = 0; i < options.changeCount; i++) {
    const change = tree.prng.pick(changes)
    const path = pickPath(tree, change.on)
    if (path === null) continue
    change.make(tree, path)
    log.push(`${change.name} ${path.toString('latin1')}`)
    if (change.movesNames) tree.paths = listTree(root)
  }
  return log
}

/** Full listing in byte order, the root's own path left out. */
export function listTree(root: string): Buffer[] {
  const paths: Buffer[] = []
  const visit = (dir: Buffer): void => {
    const fd = atPath(root, dir, openDirectory)
    const names = readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' }).sort(Buffer.compare)
    const isDirectory = names.map((name) => lstatSync(inDirectory(fd, name)).isDirectory())
    closeSync(fd)
    names.forEach((name, i) => {
      const path = dir.length === 0 ? name : Buffer.concat([dir, Buffer.from('/'), name])
      paths.push(path)
      if (isDirectory[i]) visit(path)
    })
  }
  visit(Buffer.alloc(0))
  return paths
}

const NS = 1_000_000_000n
/** Files of more bytes are left alone by edits. */
const LARGE = 10_000_000

type Wanted = 'file' | 'directory' | 'any'
type Change = { name: string; on: Wanted; movesNames: boolean; make(tree: Tree, path: Buffer): void }

/** A path of the wanted kind, or null after some tries; a change of a directory's inside may also take the root. */
function pickPath(tree: Tree, wanted: Wanted): Buffer | null {
  for (let tries = 0; tries < 20 && tree.paths.length > 0; tries++) {
    const path = tree.prng.pick(tree.paths)
    const stats = lstatSync(joinBytes(tree.root, path))
    if (wanted === 'any' || (wanted === 'file' ? stats.isFile() : stats.isDirectory())) return path
  }
  return wanted === 'directory' ? Buffer.alloc(0) : null
}

function at(tree: Tree, path: Buffer): Buffer {
  return joinBytes(tree.root, path)
}

function newPath(tree: Tree, dir: Buffer): Buffer {
  const name = randomName(tree.prng, `new-${tree.made++}`, tree.odd)
  return dir.length === 0 ? name : Buffer.concat([dir, Buffer.from('/'), name])
}

/** Writes an existing file in place, so that its links stay; a mode without write permission is put back. */
function rewrite(tree: Tree, path: Buffer, change: (old: Buffer) => Buffer): void {
  const full = at(tree, path)
  const stats = lstatSync(full)
  if (stats.size > LARGE) return
  if (!isRoot) chmodSync(full, 0o600)
  writeFileSync(full, change(readFileSync(full)))
  if (!isRoot) chmodSync(full, stats.mode & 0o7777)
}

/** Same size and same time to the nanosecond: only the ctime and the bytes tell. */
function rewriteUnseen(tree: Tree, path: Buffer): void {
  const { mtimeNs } = lstatSync(at(tree, path), { bigint: true })
  const sec = Number((mtimeNs - (((mtimeNs % NS) + NS) % NS)) / NS)
  rewrite(tree, path, (old) => tree.prng.bytes(old.length))
  setTimes(at(tree, path), sec, Number(((mtimeNs % NS) + NS) % NS))
}

function addEntry(tree: Tree, path: Buffer): void {
  const node = randomNode(tree.prng, tree, [])
  makeEntry(tree.root, path, node)
  setMetadata(tree.root, path, node)
}

function remove(tree: Tree, path: Buffer): void {
  rmSync(at(tree, path), { recursive: true, force: true })
}

function swap(tree: Tree, a: Buffer, b: Buffer): void {
  const spare = newPath(tree, Buffer.alloc(0))
  renameSync(at(tree, a), at(tree, spare))
  renameSync(at(tree, b), at(tree, a))
  renameSync(at(tree, spare), at(tree, b))
}

/** True where `path` is `dir` or lies below it. */
function isBelow(path: Buffer, dir: Buffer): boolean {
  const head = path.subarray(0, dir.length)
  return head.equals(dir) && (path.length === dir.length || path[dir.length] === 0x2f)
}

const changes: ReadonlyArray<Change> = [
  {
    name: 'edit',
    on: 'file',
    movesNames: false,
    make: (tree, path) => rewrite(tree, path, () => randomContent(tree.prng)),
  },
  { name: 'edit unseen', on: 'file', movesNames: false, make: rewriteUnseen },
  {
    name: 'append',
    on: 'file',
    movesNames: false,
    make: (tree, path) => rewrite(tree, path, (old) => Buffer.concat([old, randomContent(tree.prng)])),
  },
  {
    name: 'touch',
    on: 'any',
    movesNames: false,
    make: (tree, path) => setTimes(at(tree, path), ...randomTime(tree.prng)),
  },
  {
    name: 'chmod',
    on: 'file',
    movesNames: false,
    make: (tree, path) => chmodSync(at(tree, path), 0o400 | tree.prng.below(0o1000)),
  },
  {
    name: 'chown',
    on: 'any',
    movesNames: false,
    make: (tree, path) => {
      if (isRoot) lchownSync(at(tree, path), 1000 + tree.prng.below(5), tree.prng.below(5))
    },
  },
  {
    name: 'setxattr',
    on: 'file',
    movesNames: false,
    make: (tree, path) => {
      if (tree.odd && isRoot && can.userXattrs) setXattr(at(tree, path), 'user.changed', tree.prng.bytes(8))
    },
  },
  { name: 'delete', on: 'any', movesNames: true, make: remove },
  { name: 'add', on: 'directory', movesNames: true, make: (tree, dir) => addEntry(tree, newPath(tree, dir)) },
  {
    name: 'link',
    on: 'file',
    movesNames: true,
    make: (tree, path) => linkSync(at(tree, path), at(tree, newPath(tree, pickPath(tree, 'directory')!))),
  },
  {
    name: 'move',
    on: 'any',
    movesNames: true,
    make(tree, path) {
      const dir = pickPath(tree, 'directory')!
      if (!isBelow(dir, path)) renameSync(at(tree, path), at(tree, newPath(tree, dir)))
    },
  },
  {
    name: 'swap',
    on: 'any',
    movesNames: true,
    make(tree, path) {
      const other = pickPath(tree, 'any')
      if (other !== null && !isBelow(other, path) && !isBelow(path, other)) swap(tree, path, other)
    },
  },
  {
    name: 'replace',
    on: 'any',
    movesNames: true,
    make(tree, path) {
      remove(tree, path)
      addEntry(tree, path)
    },
  },
]
