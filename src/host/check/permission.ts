/**
 * Whether this process may make and take away the names that rows are about, asked without writing (access(2)). A directory that
 * its owner has closed to himself is none in the way: it is opened for the work.
 */
import { Kind, State } from '../../base/constants.ts'
import { bytesAt, EMPTY } from '../../model/bytes-column.ts'
import { compareBytes, joinPath } from '../../model/path.ts'
import type { Privileges } from '../entry/privileges.ts'
import { statxFd, stx } from '../entry/statx.ts'
import { type Frame, Op } from '../journal/journal-frame.ts'
import { Dir } from '../journal/lineage.ts'
import { nameAddress } from '../native/c-string.ts'
import { retry } from '../native/call.ts'
import { AT_EACCESS, Errno, errnoName, W_OK, X_OK } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import { addProblem, type Findings } from '../target/findings.ts'
import type { Target } from '../target/target.ts'
import { type Cursor, closeCursor, createCursor, enter } from '../target/target-cursor.ts'

export type Permission = {
  target: Target
  privileges: Privileges
  findings: Findings
  /** A copy of the tree is changed, whose directories are this user's. */
  isAtomic: boolean
  cursor: Cursor
  /** Where the tree as a whole can be changed has been asked. */
  isRootAsked: boolean
  /** The directory that was last found closed: its rows may come in several frames. */
  closed: Uint8Array | null
}

export function createPermission(
  target: Target,
  privileges: Privileges,
  isAtomic: boolean,
  findings: Findings,
): Permission {
  const cursor = createCursor(target.fd)
  return { target, privileges, findings, isAtomic, cursor, isRootAsked: false, closed: null }
}

/** Says of each directory of a decided frame that this process may not change, and of entries that it may not take away. */
export function checkPermission(permission: Permission, frame: Frame): void {
  const { batch, op } = frame
  for (let d = 0, first = 0; d < batch.dirRowEnds.length; d++) {
    const end = batch.dirRowEnds[d]!
    let ops = 0
    for (let i = first; i < end; i++) if (op[i] !== Op.meta || batch.state![i] !== State.done) ops |= op[i]!
    if (ops !== 0) askRoot(permission)
    const isHere = (frame.dirs.flags[d]! & Dir.here) !== 0
    if ((ops & NAMES) !== 0 && isHere && !permission.isAtomic) checkDirectory(permission, frame, d, first)
    first = end
  }
}

export function closePermission({ cursor }: Permission): void {
  closeCursor(cursor)
}

const DISPLACES = Op.out | Op.swap
const NAMES = DISPLACES | Op.in
const HERE = Buffer.from('.')

/** The stage is made in the root; a root, or a copy of the tree, in the directory that it lies in. */
function askRoot(permission: Permission): void {
  if (permission.isRootAsked) return
  permission.isRootAsked = true
  const { target, findings } = permission
  for (const fd of [target.fd, target.parentFd]) {
    const refusal = fd === -1 ? null : refusalIn(permission, fd, fd === target.fd)
    if (refusal !== null) {
      permission.closed = EMPTY
      addProblem(findings, refusal === 'EROFS' ? 'cannot-hold' : 'failed', EMPTY, refusal)
      return
    }
  }
}

function checkDirectory(permission: Permission, frame: Frame, d: number, first: number): void {
  const { cursor, findings, closed } = permission
  const dir = bytesAt(frame.batch.dirs, d)
  const fd = enter(cursor, dir)
  if (fd === -1 || (closed !== null && compareBytes(closed, dir) === 0)) return
  const refusal = refusalIn(permission, fd, true)
  if (refusal === null) {
    checkDisplaced(permission, frame, d, first, fd)
    return
  }
  permission.closed = dir.slice()
  addProblem(findings, refusal === 'EROFS' ? 'cannot-hold' : 'failed', dir, refusal)
}

/** The error that a change of names would meet there; null for none. */
function refusalIn({ privileges }: Permission, fd: number, mayOpen: boolean): string | null {
  if (retry(() => libc.faccessat(fd, nameAddress(HERE), W_OK | X_OK, AT_EACCESS)) === 0) return null
  const errno = libc.errno()
  // What the system does not answer is found out when it is tried.
  if (errno !== Errno.EACCES && errno !== Errno.EROFS && errno !== Errno.EPERM) return null
  if (errno === Errno.EACCES && mayOpen && statxFd(fd) === 0 && stx.uid() === privileges.uid) return null
  return errnoName(errno)
}

/** In a sticky directory entries are their owners'; and a directory gets another '..', which is a change of itself. */
function checkDisplaced(permission: Permission, { batch, op }: Frame, d: number, first: number, dirFd: number): void {
  const { privileges, findings } = permission
  const { seen } = batch
  if (seen === null || privileges.isOwnerOfAll || statxFd(dirFd) !== 0) return
  const isSticky = (stx.mode() & STICKY) !== 0 && stx.uid() !== privileges.uid
  for (let i = first; i < batch.dirRowEnds[d]!; i++) {
    if ((op[i]! & DISPLACES) === 0 || seen.kind[i] === Kind.absent || seen.uid[i] === privileges.uid) continue
    const name = bytesAt(batch.names, i)
    const isShut = seen.kind[i] === Kind.directory && !mayWrite(dirFd, name)
    if (isSticky || isShut) addProblem(findings, 'failed', joinPath(bytesAt(batch.dirs, d), name), OF_OTHERS)
  }
}

const STICKY = 0o1000
const OF_OTHERS = 'EPERM: it belongs to another user'

function mayWrite(dirFd: number, name: Uint8Array): boolean {
  return retry(() => libc.faccessat(dirFd, nameAddress(name), W_OK, AT_EACCESS)) === 0
}
