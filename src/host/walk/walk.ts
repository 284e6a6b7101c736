/**
 * Walks a tree in row order (spec §6) into pieces. One statx a name, names by getdents64, one descriptor a level; nothing is
 * opened but directories and sparse files. What cannot be read becomes a problem and the walk goes on: no state of the tree, and
 * no change of it meanwhile, stops a walk. The hard-link column is not set here: it needs all rows in one order.
 *
 * A mount point that is not entered (oneFileSystem) is a row like any other and a problem `other-filesystem` at its path: its
 * children are not known, which is not the same as gone. It is a note, not a failure.
 */
import { Kind, Limits, type ProblemCode } from '../../base/constants.ts'
import { type BytesColumn, BytesColumnBuilder, EMPTY, startOf } from '../../model/bytes-column.ts'
import { compareRanges, joinPath } from '../../model/path.ts'
import { type Piece, PieceBuilder } from '../../model/piece.ts'
import { DT_DIR, DT_UNKNOWN } from '../entry/dir.ts'
import { createDirNames, type DirNames, readDirNames } from '../entry/dir-names.ts'
import { DirStack } from '../entry/dir-stack.ts'
import { readHoles } from '../entry/read-holes.ts'
import { statxFd, statxNameCached, statxRow, stx } from '../entry/statx.ts'
import { deviceKey, XattrReader } from '../entry/xattr-reader.ts'
import { retry } from '../native/call.ts'
import { Errno, errnoName, O_CLOEXEC, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, SEEK_SET } from '../native/errno.ts'
import { type Address, addressOf, libc } from '../native/libc.ts'
import { STAGE_PREFIX } from '../target/target.ts'

/** One inode of this host. */
export type FileId = { devMajor: number; devMinor: number; ino: bigint }

export type WalkOptions = {
  /** An open directory; stays the caller's. */
  rootFd: number
  oneFileSystem: boolean
  xattrs: boolean
  /** An entry whose ctime or mtime is this or later is marked racy. Seconds since 1970. */
  racySinceSec: number
  /** The file that the snapshot is written to: left out. */
  outputFile: FileId | null
  /** Leaves out a path and, where it is a directory, all below. Null leaves out nothing. */
  isExcluded: ((path: Uint8Array, isDirectory: boolean) => boolean) | null
  /** Whether the thread may leave the process's working directory: true in worker threads only. */
  ownsThread: boolean
}

/** Directories that are still to be walked: `names` of the directory `dir`, from `next` on. The root is the name '' in ''. */
export type Pending = { dir: Uint8Array; names: BytesColumn; next: number }

export type Walker = {
  /**
   * Walks directories until none is pending or `rowCountMax` rows were met (checked between directories).
   * @param pending a stack: the last is walked first. What is left in it follows the pieces in row order.
   */
  walk(pending: Pending[], rowCountMax: number): Generator<Piece, void>
  close(): void
}

/** What is pending before a walk: the root. */
export function pendingRoot(): Pending[] {
  return [{ dir: EMPTY, names: { heap: EMPTY, ends: new Uint32Array(1) }, next: 0 }]
}

type Walk = {
  options: WalkOptions
  rows: PieceBuilder
  names: DirNames
  stack: DirStack
  xattrs: XattrReader | null
  rootDevice: number
  /** Halves of the output file's inode number. */
  outputInoLow: number
  outputInoHigh: number
  /** The directory that is walked, and its descriptor. */
  dir: Uint8Array
  fd: number
  /** Its subdirectories so far; null where it has none. */
  subdirs: BytesColumnBuilder | null
}

/** A walker of one thread; it may be asked again and again. */
export function createWalker(options: WalkOptions): Walker {
  statxFd(options.rootFd)
  const walk: Walk = {
    options,
    rows: new PieceBuilder(),
    names: createDirNames(),
    stack: new DirStack(options.rootFd),
    xattrs: options.xattrs ? new XattrReader(options.rootFd, options.ownsThread) : null,
    rootDevice: deviceKey(stx.devMajor(), stx.devMinor()),
    outputInoLow: Number((options.outputFile?.ino ?? 0n) & 0xffffffffn),
    outputInoHigh: Number((options.outputFile?.ino ?? 0n) >> 32n),
    dir: EMPTY,
    fd: -1,
    subdirs: null,
  }
  return { walk: (pending, rowCountMax) => walkPending(walk, pending, rowCountMax), close: () => walk.stack.close() }
}

function* walkPending(walk: Walk, pending: Pending[], rowCountMax: number): Generator<Piece, void> {
  let rowCount = 0
  while (rowCount < rowCountMax && pending.length > 0) {
    const top = pending.at(-1)!
    const dir = joinPath(top.dir, top.names.heap.subarray(startOf(top.names, top.next), top.names.ends[top.next]!))
    top.next++
    if (top.next === top.names.ends.length) pending.pop()
    rowCount += yield* walkDir(walk, dir)
    if (walk.subdirs !== null) pending.push({ dir, names: walk.subdirs.take(), next: 0 })
  }
  if (!walk.rows.isEmpty) yield walk.rows.take()
}

/** Walks one directory, not what lies below it. Returns the number of names met. */
function* walkDir(walk: Walk, dir: Uint8Array): Generator<Piece, number> {
  walk.dir = dir
  walk.subdirs = null
  walk.rows.enterDir(dir)
  walk.fd = walk.stack.enter(dir)
  if (walk.fd === -1) {
    addFailure(walk, dir, libc.errno())
    return 1
  }
  walk.xattrs?.enter(walk.fd)
  if (dir.length === 0) {
    // The root's descriptor is the caller's: somebody may have listed it before.
    libc.lseek(walk.fd, 0, SEEK_SET)
    addRoot(walk)
  }
  const names = walk.names
  if (readDirNames(names, walk.fd) === -1) addFailure(walk, dir, libc.errno())
  const count = names.count
  for (let i = 0; i < count; i++) {
    addName(walk, names.order[i]!)
    if (walk.rows.isFull) yield walk.rows.take()
  }
  return count + 1
}

function addRoot(walk: Walk): void {
  const { rows, xattrs } = walk
  if (retry(() => statxFd(walk.fd)) === -1) {
    addFailure(walk, EMPTY, libc.errno())
    return
  }
  const i = rows.addRow(EMPTY, 0, 0)
  statxRow(rows.after, i)
  setRacy(walk, i)
  if (xattrs !== null) setXattrs(walk, i, 0, 0, xattrs.ofFd(walk.fd, deviceOf(walk, i)))
}

function addName(walk: Walk, k: number): void {
  const { names, rows } = walk
  const heap = names.heap
  const start = names.starts[k]!
  const end = names.ends[k]!
  const address = names.address + start
  const type = names.types[k]!
  if (type !== DT_UNKNOWN && isLeftOut(walk, type === DT_DIR, start, end)) return
  if (statxNameCached(walk.fd, address) === -1 && !statxAgain(walk.fd, address)) {
    addFailure(walk, pathOf(walk, start, end), libc.errno())
    return
  }
  const kind = stx.kind()
  if (type === DT_UNKNOWN && isLeftOut(walk, kind === Kind.directory, start, end)) return
  if (walk.options.outputFile !== null && isOutputFile(walk)) return
  if (walk.dir.length + 1 + end - start > Limits.pathBytesMax) {
    addProblem(walk, pathOf(walk, start, end), 'too-large', 'path', rows.rowCount)
    return
  }
  const targetBytes = kind === Kind.symlink ? readTarget(walk.fd, address) : 0
  if (targetBytes <= 0 && kind === Kind.symlink) {
    // No Linux filesystem makes an empty target; a broken one that shows it has nothing to record.
    addFailure(walk, pathOf(walk, start, end), targetBytes === 0 ? Errno.EIO : libc.errno())
    return
  }
  const i = rows.addRow(heap, start, end)
  const after = rows.after
  statxRow(after, i)
  setRacy(walk, i)
  if (kind === Kind.symlink) after.setTarget(i, target.subarray(0, targetBytes))
  else if (kind === Kind.directory) addSubdir(walk, i, start, end)
  else if (kind === Kind.file && stx.blocks() * 512 < stx.size()) setHoles(walk, i, address)
  if (walk.xattrs !== null) {
    const xattrs = walk.xattrs.ofName(address, heap, start, end, deviceOf(walk, i))
    if (xattrs === null || xattrs.length > 0) setXattrs(walk, i, start, end, xattrs)
  }
}

/** After a failure. Not in addName: a closure would cost each name an object. */
function statxAgain(dirFd: number, address: Address): boolean {
  return retry(() => statxNameCached(dirFd, address)) === 0
}

/** Stages of an apply lie in the root only; they are never part of the tree. */
function isLeftOut(walk: Walk, isDirectory: boolean, start: number, end: number): boolean {
  const heap = walk.names.heap
  if (isDirectory && walk.dir.length === 0 && isStageName(heap, start, end)) return true
  return walk.options.isExcluded?.(pathOf(walk, start, end), isDirectory) ?? false
}

function isStageName(heap: Uint8Array, start: number, end: number): boolean {
  const length = STAGE_PREFIX.length
  return end - start >= length && compareRanges(heap, start, start + length, STAGE_PREFIX, 0, length) === 0
}

/** Halves are compared: a 64-bit number would be an object a name. */
function isOutputFile({ outputInoLow, outputInoHigh, options }: Walk): boolean {
  const file = options.outputFile!
  return (
    stx.inoLow() === outputInoLow &&
    stx.inoHigh() === outputInoHigh &&
    stx.devMajor() === file.devMajor &&
    stx.devMinor() === file.devMinor
  )
}

function addSubdir(walk: Walk, i: number, start: number, end: number): void {
  if (walk.options.oneFileSystem && deviceOf(walk, i) !== walk.rootDevice) {
    addProblem(walk, pathOf(walk, start, end), 'other-filesystem', '', i)
    return
  }
  walk.subdirs ??= new BytesColumnBuilder()
  walk.subdirs.pushRange(walk.names.heap, start, end)
}

function setRacy(walk: Walk, i: number): void {
  const since = walk.options.racySinceSec
  if (stx.ctimeSec() >= since || stx.mtimeSec() >= since) walk.rows.after.racy[i] = 1
}

/** Holes are a hint: a file that may not be opened has none recorded. */
function setHoles(walk: Walk, i: number, address: Address): void {
  const size = stx.size()
  const fd = libc.openat(walk.fd, address, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0)
  if (fd === -1) return
  walk.rows.after.setHoles(i, readHoles(fd, size))
  libc.close(fd)
}

function setXattrs(walk: Walk, i: number, start: number, end: number, xattrs: Uint8Array | null): void {
  if (xattrs !== null) walk.rows.after.setXattrs(i, xattrs)
  else addProblem(walk, pathOf(walk, start, end), 'xattrs-unreadable', errnoName(walk.xattrs!.errno), i)
}

function deviceOf(walk: Walk, i: number): number {
  return deviceKey(walk.rows.after.devMajor[i]!, walk.rows.after.devMinor[i]!)
}

function pathOf(walk: Walk, start: number, end: number): Uint8Array {
  return joinPath(walk.dir, walk.names.heap.subarray(start, end))
}

/** An entry that gets no row, or a directory whose rows are not known. */
function addFailure(walk: Walk, path: Uint8Array, errno: number): void {
  addProblem(walk, path, failureCode(errno), errnoName(errno), walk.rows.rowCount)
}

/** ENOTDIR and ELOOP: what was a directory is one no more. EINVAL: what was a symlink is none any more (readlink(2)). */
function failureCode(errno: number): ProblemCode {
  if (errno === Errno.ENOENT) return 'vanished'
  return errno === Errno.ENOTDIR || errno === Errno.ELOOP || errno === Errno.EINVAL ? 'changed' : 'unreadable'
}

function addProblem(walk: Walk, path: Uint8Array, code: ProblemCode, detail: string, i: number): void {
  walk.rows.addProblem({ path, code, phase: 'scan', detail }, i)
}

/** Symlink targets have at most PATH_MAX - 1 = 4,095 bytes. */
const TARGET_BYTES = 4096
const target = new Uint8Array(TARGET_BYTES)
let address: Address = 0

/** Bytes of the target, which is then in `target`; -1 with errno. */
function readTarget(dirFd: number, name: Address): number {
  if (address === 0) address = addressOf(target)
  return retry(() => libc.readlinkat(dirFd, name, address, TARGET_BYTES))
}
