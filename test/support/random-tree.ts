/** Random trees on disk, the same for the same seed: what they hold, and how they change. */
import { type Metadata, makeTree, type Node, type Time } from './disk-tree.ts'
import { can, isRoot, oddNames } from './every-kind.ts'
import { makePrng, type Prng } from './prng.ts'

export type RandomTreeOptions = {
  seed: number
  /** Entries to make, besides the root. */
  entryCount: number
  /** Names of any bytes, every kind of entry, xattrs and owners; otherwise plain names, files, directories and symlinks. */
  odd: boolean
}

/** Fills the empty directory `root`. */
export function makeRandomTree(root: string, options: RandomTreeOptions): void {
  makeTree(root, [...randomSpec(options)])
}

/** The same as a list for `makeTree`, parents before children. */
export function* randomSpec(options: RandomTreeOptions): Generator<readonly [path: Buffer, node: Node]> {
  const prng = makePrng(options.seed)
  const dirs: Buffer[] = [Buffer.alloc(0)]
  const files: Buffer[] = []
  for (let i = 0; i < options.entryCount; i++) {
    const path = inDir(pickDir(prng, dirs), randomName(prng, i, options.odd))
    const node = randomNode(prng, options, files)
    if (node.kind === 'directory') dirs.push(path)
    if (node.kind === 'file') files.push(path)
    yield [path, node]
  }
}

/** Newer directories are picked more often, so that the tree grows deep as well as wide. */
function pickDir(prng: Prng, dirs: ReadonlyArray<Buffer>): Buffer {
  return prng.oneIn(3) ? prng.pick(dirs) : dirs[dirs.length - 1 - prng.below(Math.min(dirs.length, 8))]!
}

function inDir(dir: Buffer, name: Uint8Array): Buffer {
  return dir.length === 0 ? Buffer.from(name) : Buffer.concat([dir, Buffer.from('/'), name])
}

const stems = ['index', 'main', 'data', 'README', 'a', 'B', '.config', 'test', 'x-1', 'node', '\u00fc', 'Makefile']

/** A name that nothing else in the tree has: `i` is in it. */
export function randomName(prng: Prng, i: number | string, odd: boolean): Buffer {
  const stem = odd && prng.oneIn(8) ? prng.pick(oddNames).subarray(0, 200) : Buffer.from(prng.pick(stems))
  return Buffer.concat([stem, Buffer.from(`-${i}`)])
}

/** A node of any kind; links go to one of `files`. */
export function randomNode(prng: Prng, options: { odd: boolean }, files: ReadonlyArray<Buffer>): Node {
  const metadata = randomMetadata(prng, options)
  if (prng.oneIn(8)) return { kind: 'directory', ...metadata, mode: 0o700 | prng.below(0o100) }
  if (prng.oneIn(20)) return { kind: 'symlink', target: prng.pick(stems), mtime: randomTime(prng) }
  if (prng.oneIn(20) && files.length > 0) return { kind: 'link', to: prng.pick(files) }
  if (options.odd && prng.oneIn(30)) return randomSpecial(prng)
  return { kind: 'file', content: randomContent(prng), ...metadata }
}

function randomSpecial(prng: Prng): Node {
  const mtime = randomTime(prng)
  if (can.devices && prng.oneIn(3)) {
    return { kind: prng.oneIn(2) ? 'char' : 'block', device: [prng.below(4096), prng.below(1 << 20)], mtime }
  }
  if (prng.oneIn(3)) {
    const size = 1_000_000 + prng.below(1_000_000)
    return { kind: 'sparse', size, data: [[prng.below(size - 10), 'data']], mtime }
  }
  return { kind: prng.oneIn(2) ? 'fifo' : 'socket', mtime }
}

/** Mostly small; one in a hundred large, one in ten empty, equal contents now and then. */
export function randomContent(prng: Prng): Buffer {
  if (prng.oneIn(100)) return prng.bytes(prng.below(2_000_000))
  if (prng.oneIn(10)) return Buffer.alloc(0)
  if (prng.oneIn(10)) return Buffer.from(`equal content ${prng.below(5)}`)
  return prng.bytes(prng.below(prng.oneIn(2) ? 200 : 5000))
}

/** Before 1970 now and then, and beyond 2106 now and then. */
export function randomTime(prng: Prng): Time {
  const sec = prng.oneIn(20)
    ? -prng.below(2 ** 31)
    : prng.oneIn(20)
      ? 4_400_000_000
      : 1_000_000_000 + prng.below(2 ** 29)
  return [sec, prng.oneIn(4) ? 0 : prng.below(1_000_000_000)]
}

/** A file's metadata; the owner may always read it. */
export function randomMetadata(prng: Prng, options: { odd: boolean }): Metadata {
  return {
    mode: 0o400 | prng.below(0o1000),
    mtime: randomTime(prng),
    ...(options.odd && isRoot && prng.oneIn(10) ? { owner: [prng.below(5) + 1000, prng.below(5)] as const } : {}),
    ...(options.odd && can.userXattrs && prng.oneIn(20)
      ? { xattrs: { 'user.random': prng.bytes(prng.below(40)) } }
      : {}),
  }
}
