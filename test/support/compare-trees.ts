/**
 * An independent judge of two trees: it shares no code with src, and lists every difference that a person could see.
 * Names, kinds, modes, owners, times to the nanosecond, targets, devices, xattrs, contents, hard-link structure, holes.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  type BigIntStats,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs'
import { inDirectory, openDirectory, pathBytes } from './deep-path.ts'
import { readXattrs } from './disk-calls.ts'
import type { Bytes } from './disk-tree.ts'

export type CompareOptions = {
  /** What is left out: 'owner', 'mode', 'mtime', 'xattrs', 'links', 'holes', 'content', 'rdev'. */
  ignore?: ReadonlyArray<string>
  /** How many differences are listed at most. */
  limit?: number
}

type Comparison = {
  ignore: Set<string>
  limit: number
  differences: string[]
  /** First path met of each inode that has several names, a side. */
  groups: [Map<string, string>, Map<string, string>]
}

const BLOCK = 512
const PIECE = 1 << 20
/** What is read of either file, over and over: new memory for each would cost more than reading. */
const pieces = [Buffer.alloc(PIECE), Buffer.alloc(PIECE)] as const

/** Every difference of two trees as a line `path: what: a, b`; empty where they are equal. Names are shown escaped. */
export function compareTrees(a: Bytes, b: Bytes, options: CompareOptions = {}): string[] {
  const comparison: Comparison = {
    ignore: new Set(options.ignore ?? []),
    limit: options.limit ?? 50,
    differences: [],
    groups: [new Map(), new Map()],
  }
  compareEntries(comparison, Buffer.alloc(0), pathBytes(a), pathBytes(b))
  return comparison.differences
}

function note(comparison: Comparison, path: Buffer, what: string, a: unknown, b: unknown): void {
  if (comparison.differences.length < comparison.limit) {
    comparison.differences.push(`${shorten(showName(path))}: ${what}: ${a}, ${b}`)
  }
}

function shorten(name: string): string {
  return name.length <= 300 ? name : `${name.slice(0, 140)}...${name.slice(-140)}`
}

/** Printable ASCII as it is, every other byte as \xHH. */
export function showName(name: Uint8Array): string {
  return Array.from(name, (byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, '0')}`,
  ).join('')
}

function compareEntries(comparison: Comparison, path: Buffer, a: Buffer, b: Buffer): void {
  if (comparison.differences.length >= comparison.limit) return
  const x = lstatSync(a, { bigint: true })
  const y = lstatSync(b, { bigint: true })
  compareValues(comparison, path, 'kind', kindOf(x), kindOf(y))
  if (kindOf(x) !== kindOf(y)) return
  compareMetadata(comparison, path, x, y)
  if (!comparison.ignore.has('xattrs')) {
    compareValues(comparison, path, 'xattrs', showXattrs(a), showXattrs(b))
  }
  if (!comparison.ignore.has('links')) compareGroups(comparison, path, x, y)
  if (x.isFile()) compareFiles(comparison, path, a, b, x, y)
  else if (x.isSymbolicLink()) compareValues(comparison, path, 'target', showTarget(a), showTarget(b))
  else if (x.isDirectory()) compareDirectories(comparison, path, a, b)
}

function compareValues(comparison: Comparison, path: Buffer, what: string, a: unknown, b: unknown): void {
  if (a !== b) note(comparison, path, what, a, b)
}

function compareMetadata(comparison: Comparison, path: Buffer, x: BigIntStats, y: BigIntStats): void {
  const { ignore } = comparison
  if (!ignore.has('mode')) compareValues(comparison, path, 'mode', showMode(x), showMode(y))
  if (!ignore.has('owner')) compareValues(comparison, path, 'owner', `${x.uid}:${x.gid}`, `${y.uid}:${y.gid}`)
  if (!ignore.has('mtime')) compareValues(comparison, path, 'mtime', x.mtimeNs, y.mtimeNs)
  const isDevice = x.isBlockDevice() || x.isCharacterDevice()
  if (isDevice && !ignore.has('rdev')) compareValues(comparison, path, 'rdev', x.rdev, y.rdev)
}

/** Two trees have the same links where every path joins the group of the same first path on both sides. */
function compareGroups(comparison: Comparison, path: Buffer, x: BigIntStats, y: BigIntStats): void {
  if (x.isDirectory()) return
  const [groupsA, groupsB] = comparison.groups
  compareValues(comparison, path, 'linked to', groupOf(groupsA, x, path), groupOf(groupsB, y, path))
}

function groupOf(groups: Map<string, string>, stats: BigIntStats, path: Buffer): string {
  if (stats.nlink === 1n) return showName(path)
  const key = `${stats.dev}:${stats.ino}`
  const first = groups.get(key) ?? showName(path)
  groups.set(key, first)
  return first
}

function compareFiles(
  comparison: Comparison,
  path: Buffer,
  a: Buffer,
  b: Buffer,
  x: BigIntStats,
  y: BigIntStats,
): void {
  const { ignore } = comparison
  if (ignore.has('content')) return
  compareValues(comparison, path, 'size', x.size, y.size)
  if (x.size === y.size && x.size > 0n) compareValues(comparison, path, 'content', 'same', compareContents(a, b))
  const slack = Math.max(1 << 16, (Number(x.blocks) * BLOCK) / 8)
  const apart = Math.abs(Number(x.blocks) - Number(y.blocks)) * BLOCK
  if (!ignore.has('holes') && apart > slack) note(comparison, path, 'allocated blocks', x.blocks, y.blocks)
}

/** 'same', or where the first difference is. Files that neither of us may read are the same. */
function compareContents(a: Buffer, b: Buffer): string {
  const left = tryOpen(a)
  const right = tryOpen(b)
  try {
    if (left === null || right === null) return left === right ? 'same' : 'unreadable on one side'
    const [x, y] = pieces
    for (let offset = 0; ; offset += PIECE) {
      const count = readSync(left, x, 0, PIECE, offset)
      if (count !== readSync(right, y, 0, PIECE, offset)) return `lengths differ after ${offset}`
      if (x.compare(y, 0, count, 0, count) !== 0) return `differs after ${offset}`
      if (count === 0) return 'same'
    }
  } finally {
    if (left !== null) closeSync(left)
    if (right !== null) closeSync(right)
  }
}

function tryOpen(path: Buffer): number | null {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return null
    throw error
  }
}

function compareDirectories(comparison: Comparison, path: Buffer, a: Buffer, b: Buffer): void {
  const left = tryDirectory(a)
  const right = tryDirectory(b)
  try {
    if (left === null || right === null) {
      if (left !== right) note(comparison, path, 'readable', left !== null, right !== null)
      return
    }
    const inB = new Map(right.names.map((name) => [name.toString('latin1'), name]))
    for (const name of left.names) {
      const child = path.length === 0 ? name : Buffer.concat([path, Buffer.from('/'), name])
      if (!inB.delete(name.toString('latin1'))) note(comparison, child, 'exists', true, false)
      else compareEntries(comparison, child, inDirectory(left.fd, name), inDirectory(right.fd, name))
    }
    for (const name of inB.values()) {
      note(comparison, path.length === 0 ? name : Buffer.concat([path, Buffer.from('/'), name]), 'exists', false, true)
    }
  } finally {
    if (left !== null) closeSync(left.fd)
    if (right !== null) closeSync(right.fd)
  }
}

function tryDirectory(path: Buffer): { fd: number; names: Buffer[] } | null {
  let fd: number
  try {
    fd = openDirectory(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return null
    throw error
  }
  const names = readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' }).sort(Buffer.compare)
  return { fd, names }
}

function kindOf(stats: BigIntStats): string {
  if (stats.isFile()) return 'file'
  if (stats.isDirectory()) return 'directory'
  if (stats.isSymbolicLink()) return 'symlink'
  if (stats.isFIFO()) return 'fifo'
  if (stats.isSocket()) return 'socket'
  return stats.isBlockDevice() ? 'block' : 'char'
}

function showMode(stats: BigIntStats): string {
  return stats.isSymbolicLink() ? 'symlink' : (stats.mode & 0o7777n).toString(8)
}

function showTarget(path: Buffer): string {
  return showName(readlinkSync(path, { encoding: 'buffer' }))
}

function showXattrs(path: Buffer): string {
  return readXattrs(path)
    .map(([name, value]) => `${name}=${value.toString('hex')}`)
    .sort()
    .join(' ')
}

/** Whether rsync is installed: tests that need it are skipped by name where it is not. */
export const hasRsync = spawnSync('rsync', ['--version'], { stdio: 'ignore' }).status === 0

/** What `rsync -nai -HAX -c --delete a/ b/` would do to make b like a; empty where they are equal. */
export function rsyncDiff(a: string, b: string): string {
  const args = ['-nai', '-HAX', '-c', '--delete', '--', `${a}/`, `${b}/`]
  return execFileSync('rsync', args, { encoding: 'latin1', maxBuffer: 1 << 30 })
}
