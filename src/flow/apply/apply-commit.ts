/** The end of an apply: what speaks against it, or the commit. */
import { onInterrupt } from '../../base/cleanup.ts'
import { HostError } from '../../base/errors.ts'
import { commit, rollBack } from '../../host/commit/commit.ts'
import { CommitError } from '../../host/commit/commit-error.ts'
import { DriftError } from '../../host/commit/commit-step.ts'
import type { HeldSide } from '../../host/commit/held-entries.ts'
import { finishDirectories, makeLinks, openMadeRoot, syncStage } from '../../host/commit/stage-finish.ts'
import { sweepStage } from '../../host/commit/sweep-stage.ts'
import { closeStage, markComplete, markDecided, markUndone, removeStageOf, type Stage } from '../../host/stage/stage.ts'
import { addConflict, addProblem, type Findings } from '../../host/target/findings.ts'
import type { End } from '../../model/item.ts'
import { isNothing } from '../plan/apply-count.ts'
import { commitAtomically, endOldTree } from './apply-atomic.ts'
import type { ApplyOptions, ApplyOutcome, TakeItems } from './apply-options.ts'
import type { Run } from './apply-run.ts'
import { receiptItems, workItems } from './receipt.ts'
import { undoItems } from './undo.ts'

/** Everything has arrived and been verified: says what speaks against a commit, or commits. */
export async function conclude(run: Run, end: End): Promise<ApplyOutcome> {
  const { findings, options, stage, counts } = run
  if (findings.conflictCount > 0 && options.onConflict === 'fail') return 'conflicts'
  if (findings.blockingCount > 0) return 'problems'
  if (findings.missingCount > 0) return 'missing-contents'
  if (options.dryRun) return isNothing(counts) ? 'unchanged' : 'planned'
  if (stage === null || isNothing(counts)) {
    await tellUnchanged(run, end, options)
    endKept(run)
    return 'unchanged'
  }
  await prepare(run, stage, end)
  options.monitor.phase = 'commit'
  const isSwitch = options.atomic !== null && !run.target.isMade
  const drift = isSwitch ? commitAtomically(run, stage, options.atomic!) : commitStage(run, stage)
  if (drift === null) {
    await complete(run, stage, end)
    return 'applied'
  }
  addConflict(findings, () => drift.conflict)
  return 'conflicts'
}

/** The last that can be done without touching the target. */
async function prepare(run: Run, stage: Stage, end: End): Promise<void> {
  makeLinks(stage)
  finishDirectories(stage)
  openMadeRoot(stage)
  await tellPlanned(run, end, run.options)
  if (run.options.durable) syncStage(stage)
}

/** The way back is written, and whoever may object is asked. What they throw stops the apply. */
export async function tellPlanned({ target, header, judge }: Run, end: End, options: ApplyOptions): Promise<void> {
  const { journal, decider } = judge
  if (options.undo !== null) await options.undo(undoItems(journal, target, header, decider.policy))
  if (options.beforeCommit !== null) await options.beforeCommit(workItems(journal, header, end))
}

/** Returns null, or what was changed by another meanwhile; the target is then as it was. */
function commitStage(run: Run, stage: Stage): DriftError | null {
  const { durable } = run.options
  // ORDER: from here on an interruption must not remove the stage; the next run goes on or back.
  stage.release()
  markDecided(stage, durable)
  run.stage = null
  try {
    commit(stage, false, run.options.deleteAfter)
    markComplete(stage, durable)
  } catch (error) {
    undo(run, stage, error)
    if (error instanceof DriftError) return error
    throw error
  }
  return null
}

/** The target is as it shall be. What fails from here on is told, and changes nothing of that. */
async function complete(run: Run, stage: Stage, end: End): Promise<void> {
  const release = onInterrupt(() => removeDone(run, stage))
  await tellDone(run, end, run.options)
  release()
  removeDone(run, stage)
}

/** Whoever is told what was done cannot take it back any more. */
export function tellDone(run: Run, end: End, options: ApplyOptions): Promise<void> {
  return tell(run, end, [rowsTo(options.onDone), options.receipt, options.afterCommit])
}

/** Where nothing was to be done there is a receipt all the same: of the rows that were left, if any. */
export function tellUnchanged(run: Run, end: End, { receipt }: ApplyOptions): Promise<void> {
  return tell(run, end, [receipt])
}

async function tell({ judge, header, afterwards }: Run, end: End, takes: readonly (TakeItems | null)[]): Promise<void> {
  const { journal, decider } = judge
  for (const take of takes) {
    try {
      if (take !== null) await take(receiptItems(journal, header, end, decider.policy))
    } catch (error) {
      afterwards.push(error)
    }
  }
}

function rowsTo(onDone: ApplyOptions['onDone']): TakeItems | null {
  if (onDone === null) return null
  return async (items) => {
    for await (const item of items) if (item.kind === 'rows') await onDone(item.batch)
  }
}

/** Takes back what a failed commit has done; the stage can then be removed. @throws CommitError where that fails too */
function undo(run: Run, stage: Stage, reason: unknown): void {
  try {
    rollBack(stage)
    // ORDER: as long as the decision stands, what another has put there is not taken for ours.
    sweep(run, stage, 'installed')
    markUndone(stage, run.options.durable)
  } catch (error) {
    closeStage(stage)
    throw new CommitError(stage.name, reason, error)
  }
  run.stage = stage
}

/** What was left by earlier applies is no longer needed. */
function endKept({ kept, target, judge, findings }: Run): void {
  tryRemoving(findings, target.path, () => kept?.remove(target, judge.keeper))
}

function removeDone(run: Run, stage: Stage): void {
  const { target, judge, findings, oldTree, options } = run
  run.stage = null
  endKept(run)
  tryRemoving(findings, stage.name, () => {
    if (oldTree !== null) endOldTree(run, stage, options.atomic!, oldTree)
    else {
      try {
        sweep(run, stage, 'displaced')
      } finally {
        closeStage(stage)
      }
      removeStageOf(target, judge.keeper, stage.name)
    }
  })
}

/** What another has put among what goes is kept, and told. */
function sweep({ findings }: Run, stage: Stage, side: HeldSide): void {
  for (const path of sweepStage(stage, side)) {
    addProblem(
      findings,
      'changed',
      path,
      'it came, was written, or lost its directory while this was at work, and is kept',
    )
  }
}

/** A stage that cannot be removed is a nuisance, not a failure. */
function tryRemoving(findings: Findings, path: Uint8Array, remove: () => void): void {
  try {
    remove()
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    addProblem(findings, 'failed', path, `${error.call}: ${error.code}`)
  }
}
