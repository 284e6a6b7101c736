/**
 * An apply that was cut short, by a crash or a full disk, has left its stage. Before the decision nothing at the target has
 * changed, and the stage is only in the way; after it the target can be brought to either end, exactly.
 */
import { RefusedError } from '../../base/errors.ts'
import { commit, rollBack } from '../../host/commit/commit.ts'
import { DriftError } from '../../host/commit/commit-step.ts'
import { sweepStage } from '../../host/commit/sweep-stage.ts'
import { readFilesystem } from '../../host/entry/filesystem.ts'
import { readPrivileges } from '../../host/entry/privileges.ts'
import { JournalFlag } from '../../host/journal/journal.ts'
import { closeKeptStage, openKeptStage } from '../../host/stage/kept-stage.ts'
import {
  closeStage,
  isEmptied,
  markComplete,
  markUndone,
  openStage,
  phaseOf,
  removeStageOf,
  type Stage,
  type StagePhase,
} from '../../host/stage/stage.ts'
import { endSwitch, readCopyName, removeCopy } from '../../host/stage/tree-copies.ts'
import { createKeeper, type Keeper } from '../../host/target/keeper.ts'
import { hasNewTree, removeLeftNewTree } from '../../host/target/new-tree.ts'
import {
  adoptRoot,
  closeTarget,
  isByName,
  lockTarget,
  openTarget,
  stagesIn,
  type Target,
  unmakeRoot,
} from '../../host/target/target.ts'
import { quotePath } from '../../model/escape.ts'

export type ResumeOptions = {
  target: Uint8Array
  /** Forward to what the changeset leads to, or back to what the target was. */
  direction: 'resume' | 'roll-back'
  durable: boolean
}

/**
 * What was found: how far the apply had come; and where two whole trees had exchanged their names, the name beside the target of the
 * one that is not in its place now: it is left to the user, who may have changed it since. `kept` are the paths of what others have put
 * among what goes, or written to, meanwhile.
 */
export type ResumeReport = { phase: StagePhase; otherTree: Uint8Array | null; kept: Uint8Array[] }

/**
 * Ends what an apply has left.
 * @throws RefusedError `no-stage`; `not-decided` where there is nothing to resume; `already-complete` where there is no way back;
 * `drifted` where something was changed since by another, so that the way back alone is open
 * @throws HostError; it can be tried again
 */
export function resume(options: ResumeOptions): ResumeReport {
  const target = openTarget(options.target)
  try {
    lockTarget(target)
    const hadNewTree = endNewTree(target, options.direction)
    const stages = stagesIn(target).map((name) => ({ name, phase: phaseOf(target, name) }))
    // Beside one that has come to its decision there may be others that have not: they hold what was kept.
    const [first] = stages.sort((a, b) => Number(a.phase === 'staging') - Number(b.phase === 'staging'))
    const keeper = keeperOf(target)
    if (first === undefined && target.isMade && options.direction === 'roll-back') {
      unmakeRoot(target)
      return { phase: 'staging', otherTree: null, kept: [] }
    }
    if (first === undefined && hadNewTree) {
      return { phase: target.fd === -1 ? 'staging' : 'complete', otherTree: null, kept: [] }
    }
    if (first === undefined) {
      return { phase: 'complete', otherTree: endSwitch(target, keeper, options.direction), kept: [] }
    }
    const { name, phase } = first
    const end = options.direction === 'resume' ? goOn : goBack
    const kept = end(target, keeper, name, phase, options.durable)
    for (const other of stages.slice(1)) removeUndecided(target, keeper, other.name)
    if (options.direction === 'roll-back') unmakeRoot(target)
    return { phase, otherTree: null, kept }
  } finally {
    closeTarget(target)
  }
}

function keeperOf(target: Target): Keeper {
  const privileges = readPrivileges()
  const filesystem = readFilesystem(target.fd === -1 ? target.parentFd : target.fd, target.path, privileges.usesReserve)
  return createKeeper(privileges, filesystem, true, false, () => {})
}

/**
 * A tree that was to get the target's name and was cut short holds nothing that is not elsewhere; once it has got it, only its
 * folder is left. True where there was one.
 */
function endNewTree(target: Target, direction: ResumeOptions['direction']): boolean {
  if (target.fd !== -1 && !isByName(target)) return false
  if (target.fd === -1 && direction === 'resume' && hasNewTree(target)) throw notDecided()
  return removeLeftNewTree(target)
}

function notDecided(): RefusedError {
  return new RefusedError('not-decided', 'the apply had changed nothing yet: roll it back')
}

function drifted({ conflict }: DriftError): RefusedError {
  return new RefusedError('drifted', `${quotePath(conflict.path)} was changed by another since the apply was cut short`)
}

function goOn(target: Target, keeper: Keeper, name: Uint8Array, phase: StagePhase, durable: boolean): Uint8Array[] {
  if (phase === 'staging') throw notDecided()
  const kept =
    phase === 'complete' && isEmptied(target, name)
      ? []
      : withStage(target, keeper, name, (stage) => {
          if (phase === 'decided') commit(stage, true, false)
          if (phase === 'decided') markComplete(stage, durable)
          return sweepStage(stage, 'displaced')
        })
  removeStageOf(target, keeper, name)
  return kept
}

function goBack(target: Target, keeper: Keeper, name: Uint8Array, phase: StagePhase, durable: boolean): Uint8Array[] {
  if (phase === 'complete') throw new RefusedError('already-complete', 'the apply was complete: resume it')
  if (phase === 'staging') {
    removeUndecided(target, keeper, name)
    return []
  }
  const kept = withStage(target, keeper, name, (stage) => {
    if ((stage.journal.flags & JournalFlag.madeRoot) !== 0) adoptRoot(target)
    rollBack(stage)
    const late = sweepStage(stage, 'installed')
    markUndone(stage, durable)
    return late
  })
  removeStageOf(target, keeper, name)
  return kept
}

/** @throws RefusedError `drifted`; HostError */
function withStage(
  target: Target,
  keeper: Keeper,
  name: Uint8Array,
  work: (stage: Stage) => Uint8Array[],
): Uint8Array[] {
  const stage = openStage(target, keeper, name)
  try {
    return work(stage)
  } catch (error) {
    throw error instanceof DriftError ? drifted(error) : error
  } finally {
    closeStage(stage)
  }
}

/** Nothing was done by it, unless it has made the root, or a copy of the tree that was not exchanged for it yet. */
function removeUndecided(target: Target, keeper: Keeper, name: Uint8Array): void {
  const copy = readCopyName(target, name)
  const kept = openKeptStage(target, name)
  if (kept !== null) {
    if ((kept.journal.flags & JournalFlag.madeRoot) !== 0) adoptRoot(target)
    closeKeptStage(kept)
  }
  removeStageOf(target, keeper, name)
  if (copy !== null) removeCopy(target, copy)
}
