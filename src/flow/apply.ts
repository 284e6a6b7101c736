/**
 * Applies a stream to a tree (spec §8). While the stream arrives every row is checked against the target and everything new
 * is built in the stage; only when the end has been verified and nothing speaks against it does the target change, by
 * renames and metadata alone. Anything wrong before that leaves the target as it was.
 */
import { unreachable } from '../base/assert.ts'
import { FormatError, HostError, RefusedError } from '../base/errors.ts'
import { noBasisCounts } from '../host/stage-basis.ts'
import { closeTarget, lockTarget, openTarget, type Target } from '../host/target.ts'
import type { Batch } from '../model/batch.ts'
import type { End, Item } from '../model/item.ts'
import { conclude } from './apply-commit.ts'
import { checkLimits, refuseRoot } from './apply-limits.ts'
import type { ApplyOptions, ApplyReport } from './apply-options.ts'
import { closeRun, finishRows, type Run, startRun, takeBatch } from './apply-run.ts'
import { KeptContents, leftoversOf, refuseLeftovers } from './kept-contents.ts'

/**
 * Applies the items of a changeset, a plan, or a snapshot to the target.
 * @param items header first, end last: a reader that verifies gives the end only when all of the stream is right
 * @throws FormatError where the items break a rule, or end before their end
 * @throws RefusedError `target-busy`, `leftover-stage`, `undecided-stage`, `no-locks`, `wrong-kind`, `basis-in-target`
 * @throws HostError; the target is as it was, unless the error is a CommitError
 */
export async function apply(items: AsyncIterable<Item>, options: ApplyOptions): Promise<ApplyReport> {
  const target = openTarget(options.target)
  let run: Run | null = null
  let kept: KeptContents | null = null
  const stream: Pick<ApplyReport, 'streamProblems' | 'streamProblemCount'> = {
    streamProblems: [],
    streamProblemCount: 0,
  }
  try {
    kept = openLeftovers(target, options)
    refuseRoot(target, options)
    let end: End | null = null
    for await (const item of items) {
      if (item.kind === 'header') run = startRun(options, target, kept, item.header)
      else if (run === null) throw new FormatError('misplaced-frame', 0, 'items before the header')
      else if (item.kind === 'end') end = item.end
      else if (item.kind === 'rows') await takeRows(run, item.batch)
      else takeItem(run, item, stream)
    }
    if (run === null || end === null) throw new FormatError('truncated', 0, 'no end')
    finishRows(run)
    checkLimits(run)
    const outcome = await conclude(run, end)
    await closeRun(run)
    const { counts, contents, findings, judge } = run
    return {
      outcome,
      counts,
      bytes: contents.bytes,
      fromBasis: run.basis?.counts ?? noBasisCounts(),
      findings,
      notKept: judge.keeper.notKept,
      oldTree: run.oldTree,
      fromKept: kept?.counts ?? { count: 0, bytes: 0 },
      leftStage: run.leftStage,
      ...stream,
    }
  } catch (error) {
    if (run !== null) await abandon(run)
    throw error
  } finally {
    kept?.close()
    closeTarget(target)
  }
}

/** A stage that cannot be removed is left, and noticed by the next run; the error that was first is the one to tell. */
async function abandon(run: Run): Promise<void> {
  try {
    await closeRun(run)
  } catch (error) {
    if (!(error instanceof HostError)) throw error
  }
}

/** What earlier applies have left is refused, unless it may be used and nobody else can be at work in it. @throws RefusedError */
function openLeftovers(target: Target, { keepStage, dryRun }: ApplyOptions): KeptContents | null {
  if (!dryRun && !lockTarget(target) && keepStage) {
    throw new RefusedError(
      'no-locks',
      "this filesystem has no locks, by which two applies keep out of each other's way",
    )
  }
  const leftovers = leftoversOf(target)
  if (leftovers === 'none') return null
  if (leftovers === 'decided' || !keepStage || dryRun) refuseLeftovers(leftovers)
  return new KeptContents(target)
}

async function takeRows(run: Run, batch: Batch): Promise<void> {
  const decided = takeBatch(run, batch)
  if (run.options.onRows !== null) await run.options.onRows(decided)
}

const STREAM_PROBLEMS_MAX = 1000

type StreamProblems = Pick<ApplyReport, 'streamProblems' | 'streamProblemCount'>

function takeItem(run: Run, item: Exclude<Item, { kind: 'header' | 'rows' | 'end' }>, stream: StreamProblems): void {
  switch (item.kind) {
    case 'content':
      run.contents.takePiece(item.piece, item.isVerified)
      return
    case 'recipe':
      run.contents.takeRecipe(item.recipe)
      return
    case 'problem':
      stream.streamProblemCount++
      if (stream.streamProblems.length < STREAM_PROBLEMS_MAX) stream.streamProblems.push(item.problem)
      return
    case 'chunks':
    case 'optional':
      return
    default:
      unreachable(item)
  }
}
