/**
 * The whole-tree switch: the new tree is made complete beside the old one, then both exchange their names in one call. A
 * reader sees the old tree or the new one, nothing between.
 */
import { HostError, RefusedError } from '../../base/errors.ts'
import { commitToCopy } from '../../host/commit/commit.ts'
import { DriftError } from '../../host/commit/commit-step.ts'
import { findWritten } from '../../host/commit/find-written.ts'
import { isLower } from '../../host/commit/lift.ts'
import { removeOld } from '../../host/commit/remove-old.ts'
import { isMountPoint } from '../../host/entry/beneath.ts'
import { openRoot } from '../../host/entry/dir.ts'
import { removeTree } from '../../host/entry/remove-tree.ts'
import { stepIn } from '../../host/entry/rename.ts'
import { statxFd, statxName, stx } from '../../host/entry/statx.ts'
import { isNotEmpty } from '../../host/entry/unlink-open.ts'
import { nameAddress } from '../../host/native/c-string.ts'
import { check, found, hostError, retry } from '../../host/native/call.ts'
import { AT_FDCWD, AT_REMOVEDIR, RENAME_NOREPLACE } from '../../host/native/errno.ts'
import { libc } from '../../host/native/libc.ts'
import { closeStage, removeStageOf, type Stage } from '../../host/stage/stage.ts'
import { exchangeWithCopy, makeCopyDirectory, openCopy } from '../../host/stage/tree-copies.ts'
import { cloneTree, findUnshared } from '../../host/target/clone-tree.ts'
import { addProblem } from '../../host/target/findings.ts'
import { openParentOf, type Target } from '../../host/target/target.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import { quotePath } from '../../model/escape.ts'
import { splitNamed } from '../../model/path.ts'
import type { ApplyOptions, Switch } from './apply-options.ts'
import type { Run } from './apply-run.ts'

/**
 * Before anything is read: the old tree needs a place, and the target a name.
 * @throws RefusedError `old-tree-taken`, `old-tree-elsewhere`, `not-by-name`, `mount-point`
 */
export function refuseSwitch(target: Target, { atomic }: ApplyOptions): void {
  if (atomic === null || target.fd === -1) return
  openParentOf(target)
  if (isMountPoint(target.parentFd, target.name)) {
    throw new RefusedError('mount-point', `${quotePath(target.path)} is a mount point: no other tree can have its name`)
  }
  if (atomic.oldTree === null) return
  refuseOldTree(target, atomic.oldTree)
}

function refuseOldTree({ devMajor, devMinor }: Target, path: Uint8Array): void {
  if (found('statx', path, () => statxName(AT_FDCWD, nameAddress(path)))) {
    throw new RefusedError('old-tree-taken', `${quotePath(path)} is there already`)
  }
  const parent = openRoot(splitNamed(path).dir)
  try {
    check('statx', path, () => statxFd(parent))
    if (stx.devMajor() === devMajor && stx.devMinor() === devMinor) return
  } finally {
    libc.close(parent)
  }
  throw new RefusedError('old-tree-elsewhere', `${quotePath(path)} is not on the filesystem of the target`)
}

/** Returns null, or what was changed by another meanwhile; the target is then as it was. @throws HostError, RefusedError */
export function commitAtomically(run: Run, stage: Stage, { oldTree }: Switch): DriftError | null {
  const { target, options } = run
  openParentOf(target)
  const copy = makeCopyDirectory(stage)
  try {
    refuseLower(stage, copy)
    fillCopy(stage, copy)
    if (options.durable) check('syncfs', target.path, () => libc.syncfs(stage.fd))
    exchangeWithCopy(target, copy)
  } catch (error) {
    removeTree(target.parentFd, copy, target.path)
    if (error instanceof DriftError) return error
    throw error
  }
  stage.release()
  run.oldTree = copy
  if (options.durable) retry(() => libc.fsync(target.parentFd))
  if (oldTree !== null) keepOldTree(run, copy, oldTree)
  return null
}

/** The switch is made: where the old tree cannot have its name, it keeps the one that it has. */
function keepOldTree(run: Run, copy: Uint8Array, path: Uint8Array): void {
  const { target, judge } = run
  const rename = (): number =>
    libc.renameat2(target.parentFd, nameAddress(copy), AT_FDCWD, nameAddress(path), RENAME_NOREPLACE)
  try {
    // The root is that of the old tree still, whose '..' changes.
    stepIn(target.fd, judge.keeper.privileges, 'rename', path, rename)
    run.oldTree = path
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    run.afterwards.push(error)
  }
}

/** An overlay does not exchange what a lower layer has: that is said before a whole tree is copied for it. @throws HostError `EXDEV` */
function refuseLower({ keeper, target }: Stage, copy: Uint8Array): void {
  if (!keeper.filesystem.isLayered) return
  const fd = openCopy(target, copy)
  try {
    const isRefused = isLower(fd, { dirFd: target.parentFd, name: target.name }, target.path)
    if (isRefused) throw new HostError('EXDEV', 'rename', target.path)
  } finally {
    libc.close(fd)
  }
}

function fillCopy(stage: Stage, copy: Uint8Array): void {
  const fd = openCopy(stage.target, copy)
  try {
    cloneTree(stage.keeper, stage.target.fd, fd, false)
    commitToCopy(stage, fd)
  } finally {
    libc.close(fd)
  }
}

/**
 * The old tree goes, or stays as it was under its new name. One that has something that came, or was written, after it was
 * copied stays too: nobody else has it.
 */
export function endOldTree(run: Run, stage: Stage, { oldTree }: Switch, copy: Uint8Array): void {
  const { target, judge, findings } = run
  let late: Uint8Array | null = null
  try {
    // ORDER: the stage holds a second name of what the new tree has no more.
    if (oldTree === null) late = findWritten(stage) ?? findUnshared(target.fd)
    // ORDER: a tree that has a stage is whole, and a crash leaves the way back to it.
    removeStageOf(target, judge.keeper, stage.name)
    if (oldTree === null && late === null) late = removeOld(stage.journal, target.fd)
  } finally {
    closeStage(stage)
  }
  if (oldTree !== null) return
  if (late === null && removeEmpty(target, copy)) {
    run.oldTree = null
    return
  }
  const path = late ?? EMPTY
  addProblem(findings, 'changed', path, 'it came, or was written, after the tree was copied; the old tree is kept')
}

/** False for a directory that something has come to. */
function removeEmpty({ parentFd, path }: Target, name: Uint8Array): boolean {
  if (retry(() => libc.unlinkat(parentFd, nameAddress(name), AT_REMOVEDIR)) === 0) return true
  if (!isNotEmpty()) throw hostError('rmdir', path)
  return false
}
