/**
 * The directories that rows lie in: each is opened once as the rows come to it, and what the rows said of it decides what
 * may be done below. A directory that goes must hold nothing that the rows do not name.
 */
import { State } from '../../base/constants.ts'
import { type BytesColumn, startOf } from '../../model/bytes-column.ts'
import { joinPath, keyPath, pathKey, splitPath } from '../../model/path.ts'
import { openBeneath } from '../entry/beneath.ts'
import { namesOf } from '../entry/dir.ts'
import { statxFd, stx } from '../entry/statx.ts'
import type { DirColumns } from '../journal/journal-frame.ts'
import { Dir, type Fate, type LineageTracker, trackLineage } from '../journal/lineage.ts'
import { check, found, hostError } from '../native/call.ts'
import { Errno, errnoName, O_DIRECTORY, O_PATH, O_RDONLY } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { addConflict, addProblem, type Findings } from '../target/findings.ts'
import type { Target } from '../target/target.ts'
import { type Cursor, closeCursor, createCursor, enter } from '../target/target-cursor.ts'

export type DirChecker = {
  target: Target
  findings: Findings
  lineage: LineageTracker
  cursor: Cursor
  /** The present directory, and what was found of it. */
  path: Uint8Array | null
  flags: number
  fd: number
  /** Where the present directory goes: the names in it that no row has had yet. */
  unnamed: Set<string> | null
}

export function createDirChecker(target: Target, findings: Findings): DirChecker {
  const checker: DirChecker = {
    target,
    findings,
    lineage: trackLineage(Dir.stays | (target.fd === -1 ? 0 : Dir.here), (path) => reportHeld(checker, path)),
    cursor: createCursor(target.fd),
    path: null,
    flags: 0,
    fd: -1,
    unnamed: null,
  }
  return checker
}

/** Columns for the directories of a batch, to be filled by `enterDir`. */
export function dirColumns(count: number): DirColumns {
  return {
    flags: new Uint8Array(count),
    stageRoot: new Float64Array(count),
    stageRootLength: new Uint32Array(count),
    mtimeSec: new Float64Array(count),
    mtimeNsec: new Uint32Array(count),
    mode: new Uint16Array(count),
  }
}

/**
 * Goes to the directory of the next rows and fills row d of the columns.
 * @returns its descriptor, good until the next call; -1 where it is not at the target
 */
export function enterDir(checker: DirChecker, path: Uint8Array, columns: DirColumns, d: number): number {
  const isSame = checker.path !== null && Buffer.compare(path, checker.path) === 0
  if (!isSame) settle(checker)
  const lineage = checker.lineage.enter(path)
  if (!isSame) {
    checker.path = path.slice()
    checker.flags = lineage.flags
    checker.fd = (lineage.flags & Dir.here) === 0 ? -1 : open(checker, path)
    checker.lineage.correct(checker.flags)
  }
  if (checker.fd !== -1) {
    readColumns(columns, d, checker.fd, path)
    if (!isOnDevice(checker)) block(checker, path, 'EXDEV')
  } else if (lineage.origin !== null) {
    readOrigin(checker, columns, d, lineage.origin)
  }
  columns.flags[d] = checker.flags
  columns.stageRoot[d] = lineage.stageRoot
  columns.stageRootLength[d] = lineage.stageRootLength
  if (!isSame && (checker.flags & Dir.goes) !== 0 && checker.fd !== -1) checker.unnamed = namesIn(checker, path)
  return checker.fd
}

function readColumns(columns: DirColumns, d: number, fd: number, path: Uint8Array): void {
  check('statx', path, () => statxFd(fd))
  columns.mtimeSec[d] = stx.mtimeSec()
  columns.mtimeNsec[d] = stx.mtimeNsec()
  columns.mode[d] = stx.mode()
}

/** A directory that is moved here keeps its time through what is done in it. */
function readOrigin(checker: DirChecker, columns: DirColumns, d: number, origin: Uint8Array): void {
  let fd = -1
  const isThere = found('open', origin, () => {
    fd = openBeneath(checker.target.fd, origin, O_PATH | O_DIRECTORY)
    return fd
  })
  if (!isThere) {
    checker.flags = 0
    checker.lineage.correct(0)
    return
  }
  try {
    readColumns(columns, d, fd, origin)
  } finally {
    libc.close(fd)
  }
}

function open(checker: DirChecker, path: Uint8Array): number {
  const fd = enter(checker.cursor, path)
  if (fd !== -1) return fd
  const errno = libc.errno()
  if (errno === Errno.ENOENT || errno === Errno.ENOTDIR || errno === Errno.ELOOP) {
    checker.flags &= ~(Dir.here | Dir.goes | Dir.stays)
  } else if (errno === Errno.EXDEV || errno === Errno.EACCES) {
    block(checker, path, errnoName(errno))
  } else {
    throw hostError('open', path)
  }
  return -1
}

function isOnDevice({ target }: DirChecker): boolean {
  return stx.devMajor() === target.devMajor && stx.devMinor() === target.devMinor
}

/** Nothing can be done there: said once for the directory. */
function block(checker: DirChecker, path: Uint8Array, detail: string): void {
  addProblem(checker.findings, detail === 'EXDEV' ? 'other-filesystem' : 'unreadable', path, detail)
  checker.flags = Dir.blocked
  checker.lineage.correct(Dir.blocked)
}

/** Says that a row has named an entry that is there. */
export function nameEntry({ unnamed }: DirChecker, name: Uint8Array): void {
  unnamed?.delete(pathKey(name))
}

/** Tells the rows below what becomes of a directory in the present one. */
export function noteDir(checker: DirChecker, names: BytesColumn, i: number, fate: Fate): void {
  const name = names.heap.subarray(startOf(names, i), names.ends[i]!)
  const holds = (fate.flags & Dir.goes) !== 0 && holdsAny(checker, name) ? Dir.holds : 0
  checker.lineage.note(names.heap, startOf(names, i), names.ends[i]!, { ...fate, flags: fate.flags | holds })
  if (name.length === 0) checker.flags = fate.flags
}

/** True where a directory that is to go has entries; it is then told of again when the rows have passed it. */
function holdsAny(checker: DirChecker, name: Uint8Array): boolean {
  const path = joinPath(checker.path!, name)
  const fd = openBeneath(checker.fd, name, O_RDONLY | O_DIRECTORY)
  if (fd === -1) {
    // A mount point below a directory that goes would take another filesystem with it.
    const code = libc.errno() === Errno.EXDEV ? 'other-filesystem' : 'unreadable'
    addProblem(checker.findings, code, path, errnoName(libc.errno()))
    return false
  }
  try {
    return namesOf(fd, path).length > 0
  } finally {
    libc.close(fd)
  }
}

function namesIn(checker: DirChecker, path: Uint8Array): Set<string> {
  const fd = openBeneath(checker.fd, new Uint8Array(0), O_RDONLY | O_DIRECTORY)
  if (fd === -1) throw hostError('open', path)
  try {
    return new Set(namesOf(fd, path).map(pathKey))
  } finally {
    libc.close(fd)
  }
}

/** The rows have passed the present directory: what it holds beside them would be lost with it. */
function settle(checker: DirChecker): void {
  if (checker.unnamed === null) return
  for (const key of checker.unnamed) reportUnnamed(checker, joinPath(checker.path!, keyPath(key)))
  checker.unnamed = null
}

/** The rows have passed a directory that goes without naming anything in it. */
function reportHeld(checker: DirChecker, path: Uint8Array): void {
  const fd = openBeneath(checker.target.fd, path, O_RDONLY | O_DIRECTORY)
  if (fd === -1) throw hostError('open', path)
  try {
    for (const name of namesOf(fd, path)) reportUnnamed(checker, joinPath(path, name))
  } finally {
    libc.close(fd)
  }
}

function reportUnnamed(checker: DirChecker, path: Uint8Array): void {
  checker.findings.held.add(pathKey(splitPath(path).dir))
  addConflict(checker.findings, () => ({ path, state: State.exists, before: null, after: null, seen: null }))
}

/** After the last row. */
export function finishDirs(checker: DirChecker): void {
  settle(checker)
  checker.lineage.finish()
}

export function closeDirs(checker: DirChecker): void {
  closeCursor(checker.cursor)
}
