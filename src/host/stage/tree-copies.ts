/**
 * Copies of a target beside it, under names of their own: made for an exchange of the whole tree, and, once that is made, the old
 * tree. The stage lies in the tree that the apply began with: a copy that has one is the old tree.
 */
import { HostError, RefusedError } from '../../base/errors.ts'
import { quotePath } from '../../model/escape.ts'
import { compareBytes } from '../../model/path.ts'
import { namesOf } from '../entry/dir.ts'
import { removeTree } from '../entry/remove-tree.ts'
import { makeFile, readFile } from '../entry/small-file.ts'
import { nameAddress } from '../native/c-string.ts'
import { check, hostError, retry } from '../native/call.ts'
import { O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, RENAME_EXCHANGE } from '../native/errno.ts'
import { libc } from '../native/libc.ts'
import type { Keeper } from '../target/keeper.ts'
import { busyTarget, isBusy, isByName, isStageName, openParentOf, STAGE_PREFIX, type Target } from '../target/target.ts'
import { COPY, removeStageOf, type Stage } from './stage.ts'

/** Makes an empty directory for a copy, of which the stage tells. Returns its name. @throws HostError */
export function makeCopyDirectory({ target, fd: stageFd }: Stage): Uint8Array {
  const name = Buffer.concat([prefixFor(target), Buffer.from(Math.random().toString(36).slice(2, 12))])
  makeFile(stageFd, COPY, name, target.path)
  check('mkdir', target.path, () => libc.mkdirat(target.parentFd, nameAddress(name), 0o700))
  return name
}

/** Opens a copy. @throws HostError */
export function openCopy({ parentFd, path }: Target, name: Uint8Array): number {
  return check('open', path, () => libc.openat(parentFd, nameAddress(name), OPEN_DIRECTORY, 0))
}

/** Exchanges the names of the target and a copy: one call, between which nobody sees anything. @throws HostError */
export function exchangeWithCopy({ parentFd, name, path }: Target, copy: Uint8Array): void {
  const [from, to] = [nameAddress(copy), nameAddress(name)]
  if (retry(() => libc.renameat2(parentFd, from, parentFd, to, RENAME_EXCHANGE)) !== 0) throw hostError('rename', path)
}

/** The name of the copy that a stage tells of; null where it tells of none. @throws HostError */
export function readCopyName(target: Target, stage: Uint8Array): Uint8Array | null {
  const stageFd = check('open', target.path, () => libc.openat(target.fd, nameAddress(stage), OPEN_DIRECTORY, 0))
  try {
    const name = readFile(stageFd, COPY, target.path)
    return name === null || name.length === 0 ? null : name
  } finally {
    libc.close(stageFd)
  }
}

/** Removes a copy that never took the target's place. @throws HostError */
export function removeCopy(target: Target, copy: Uint8Array): void {
  openParentOf(target)
  removeTree(target.parentFd, copy, target.path)
}

/**
 * Says that an exchange of the whole tree was not ended: both trees are there, and it is for the user to say which one stays.
 * @throws RefusedError `leftover-copy`, or `target-busy` where it is being ended just now
 */
export function refuseLeftCopy(target: Target): void {
  const left = openOldTree(target)
  if (left === null) return
  try {
    if (isBusy(left)) throw busyTarget()
  } finally {
    libc.close(left.fd)
  }
  throw new RefusedError('leftover-copy', `an earlier apply has left ${quotePath(left.name)} beside the target`)
}

/** What cannot be looked at, or is gone by then, nobody can have left, or has ended. */
function openOldTree(target: Target): { name: Uint8Array; fd: number } | null {
  try {
    const name = oldTreeOf(target)
    return name === null ? null : { name, fd: openCopy(target, name) }
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    return null
  }
}

/** The name of the old tree beside a target that an apply has left with its stage; null: there is none. @throws HostError */
function oldTreeOf(target: Target): Uint8Array | null {
  if (target.fd === -1 || !isByName(target)) return null
  const prefix = prefixFor(target)
  const found = namesIn(target, HERE).find((name) => {
    if (compareBytes(name.subarray(0, prefix.length), prefix) !== 0) return false
    const isCopy = /^[0-9a-z]+$/.test(Buffer.from(name.subarray(prefix.length)).toString('latin1'))
    return isCopy && stagesInCopy(target, name).length > 0
  })
  return found ?? null
}

/**
 * Ends an exchange that a crash has left: both trees stay, and only the stage goes.
 * @returns the name of the tree that is not in the target's place
 * @throws RefusedError `no-stage`; HostError
 */
export function endSwitch(target: Target, keeper: Keeper, direction: 'resume' | 'roll-back'): Uint8Array {
  const copy = oldTreeOf(target)
  if (copy === null) throw new RefusedError('no-stage', 'no apply has left anything here')
  const fd = openCopy(target, copy)
  try {
    const stages = stagesInCopy(target, copy)
    if (direction === 'roll-back') exchangeWithCopy(target, copy)
    for (const stage of stages) removeStageOf({ ...target, fd }, keeper, stage)
  } finally {
    libc.close(fd)
  }
  return copy
}

const HERE = Buffer.from('.')
/** A copy's name has to fit where that of the target does. */
const NAME_BYTES_MAX = 100
const OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW

function prefixFor({ name }: Target): Uint8Array {
  return Buffer.concat([STAGE_PREFIX, Buffer.from('copy-'), name.subarray(0, NAME_BYTES_MAX), Buffer.from('-')])
}

function stagesInCopy(target: Target, copy: Uint8Array): Uint8Array[] {
  return namesIn(target, copy).filter((name) => isStageName(name, 0, name.length))
}

function namesIn(target: Target, name: Uint8Array): Uint8Array[] {
  const fd = openCopy(target, name)
  try {
    return namesOf(fd, target.path)
  } finally {
    libc.close(fd)
  }
}
