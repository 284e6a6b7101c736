/**
 * The whole-tree switch: the new tree is made complete beside the old one, then both exchange their names in one call. A
 * reader sees the old tree or the new one, nothing between.
 */
import { RefusedError } from '../base/errors.ts'
import { nameAddress } from '../host/c-string.ts'
import { check, hostError, retry } from '../host/call.ts'
import { cloneTree, findUnshared } from '../host/clone-tree.ts'
import { commitToCopy } from '../host/commit.ts'
import { DriftError } from '../host/commit-step.ts'
import { namesOf } from '../host/dir.ts'
import { O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, RENAME_EXCHANGE } from '../host/errno.ts'
import { addProblem } from '../host/findings.ts'
import { libc } from '../host/libc.ts'
import { removeTree } from '../host/remove-tree.ts'
import { closeStage, removeStageOf, type Stage } from '../host/stage.ts'
import { openParentOf, STAGE_PREFIX, type Target } from '../host/target.ts'
import { compareBytes } from '../model/path.ts'
import type { Run } from './apply-run.ts'

/** Returns null, or what was changed by another meanwhile; the target is then as it was. @throws HostError, RefusedError */
export function commitAtomically(run: Run, stage: Stage): DriftError | null {
  const { target, options } = run
  openParentOf(target)
  removeLeftovers(target)
  const copy = Buffer.concat([prefixFor(target), Buffer.from(Math.random().toString(36).slice(2, 12))])
  try {
    makeCopy(stage, target, copy)
    if (options.durable) check('syncfs', target.path, () => libc.syncfs(stage.fd))
    exchangeNames(target, copy)
  } catch (error) {
    removeTree(target.parentFd, copy, target.path)
    if (error instanceof DriftError) return error
    throw error
  }
  if (options.durable) retry(() => libc.fsync(target.parentFd))
  run.oldTree = copy
  return null
}

/** Names of copies of this target: they begin with this. */
function prefixFor({ name }: Target): Uint8Array {
  return Buffer.concat([STAGE_PREFIX, Buffer.from('copy-'), name.subarray(0, 100), Buffer.from('-')])
}

function makeCopy(stage: Stage, target: Target, copy: Uint8Array): void {
  check('mkdir', target.path, () => libc.mkdirat(target.parentFd, nameAddress(copy), 0o700))
  const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
  const fd = check('open', target.path, () => libc.openat(target.parentFd, nameAddress(copy), flags, 0))
  try {
    cloneTree(stage.keeper, target.fd, fd)
    commitToCopy(stage, fd)
  } finally {
    libc.close(fd)
  }
}

function exchangeNames({ parentFd, name, path }: Target, copy: Uint8Array): void {
  const result = retry(() => libc.renameat2(parentFd, nameAddress(copy), parentFd, nameAddress(name), RENAME_EXCHANGE))
  if (result !== 0) throw hostError('rename', path)
}

/**
 * The old tree goes, or stays as it was under its new name. One that has something that came after it was copied stays too:
 * nobody else has it.
 */
export function endOldTree(run: Run, stage: Stage, copy: Uint8Array): void {
  const { target, judge, findings, options } = run
  closeStage(stage)
  removeStageOf(target, judge.keeper, stage.name)
  if (options.atomic === 'keep-old') return
  const unshared = findUnshared(target.fd)
  if (unshared === null) {
    removeTree(target.parentFd, copy, target.path)
    run.oldTree = null
  } else {
    addProblem(findings, 'changed', unshared, 'it came after the tree was copied; the old tree is kept')
  }
}

/** A crash has left a copy that was never used, or the old tree of one that was. @throws RefusedError `leftover-copy` */
function removeLeftovers(target: Target): void {
  const prefix = prefixFor(target)
  for (const name of siblingsOf(target)) {
    if (compareBytes(name.subarray(0, prefix.length), prefix) !== 0) continue
    throw new RefusedError(
      'leftover-copy',
      `an earlier apply has left ${Buffer.from(name).toString()} beside the target`,
    )
  }
}

function siblingsOf({ parentFd, path }: Target): Uint8Array[] {
  const flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
  const fd = check('open', path, () => libc.openat(parentFd, nameAddress(Buffer.from('.')), flags, 0))
  try {
    return namesOf(fd, path)
  } finally {
    libc.close(fd)
  }
}
