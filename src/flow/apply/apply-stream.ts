/** A stream onto a target that is open and held: what every apply does, once it has been found that it may. */
import { assert, unreachable } from '../../base/assert.ts'
import { FormatError, HostError } from '../../base/errors.ts'
import { noBasisCounts } from '../../host/stage/stage-basis.ts'
import type { Target } from '../../host/target/target.ts'
import type { Batch } from '../../model/batch.ts'
import type { End, Item } from '../../model/item.ts'
import type { KeptContents } from '../plan/kept-contents.ts'
import { conclude } from './apply-commit.ts'
import { checkLimits } from './apply-limits.ts'
import type { ApplyOptions, ApplyOutcome, ApplyReport } from './apply-options.ts'
import { closeRun, finishRows, type Run, startRun, takeBatch } from './apply-run.ts'

/** A stream that was taken to its end. */
export type Taken = { run: Run; end: End; stream: Pick<ApplyReport, 'streamProblems' | 'streamProblemCount'> }

/** Takes a stream, commits, and closes. @throws as `apply` does */
export async function applyTo(
  target: Target,
  kept: KeptContents | null,
  items: AsyncIterable<Item>,
  options: ApplyOptions,
): Promise<ApplyReport> {
  const taken = await takeStream(target, kept, items, options)
  const { run } = taken
  return closing(run, async () => {
    const outcome = await endStream(taken)
    await closeRun(run)
    return reportOf(taken, outcome)
  })
}

/** Checks and stages all of a stream. The run is the caller's to close. @throws FormatError, HostError, RefusedError */
export async function takeStream(
  target: Target,
  kept: KeptContents | null,
  items: AsyncIterable<Item>,
  options: ApplyOptions,
): Promise<Taken> {
  let run: Run | null = null
  let end: End | null = null
  const stream: Taken['stream'] = { streamProblems: [], streamProblemCount: 0 }
  try {
    for await (const item of items) {
      if (item.kind === 'header') run = startRun(options, target, kept, item.header)
      else if (run === null) throw new FormatError('misplaced-frame', 0, 'items before the header')
      else if (item.kind === 'end') end = item.end
      else if (item.kind === 'rows') await takeRows(run, item.batch)
      else takeItem(run, item, stream)
    }
    if (run === null || end === null) throw new FormatError('truncated', 0, 'no end')
    return { run, end, stream }
  } catch (error) {
    if (run !== null) await abandon(run)
    throw error
  }
}

/** Says what speaks against a commit, or commits. */
export function endStream({ run, end }: Taken): Promise<ApplyOutcome> {
  finishRows(run)
  checkLimits(run)
  return conclude(run, end)
}

export function reportOf({ run, stream }: Taken, outcome: ApplyOutcome): ApplyReport {
  const { counts, contents, findings, judge, oldTree, leftStage, afterwards, basis, kept } = run
  return {
    outcome,
    isPartly: false,
    counts,
    bytes: contents.bytes,
    fromBasis: basis?.counts ?? noBasisCounts(),
    findings,
    notKept: judge.keeper.notKept,
    oldTree,
    fromKept: kept?.counts ?? { count: 0, bytes: 0 },
    leftStage,
    afterwards,
    ...stream,
  }
}

/** Does what may fail with a run, which is then closed. */
export async function closing<T>(run: Run, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await abandon(run)
    throw error
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

async function takeRows(run: Run, batch: Batch): Promise<void> {
  const decided = takeBatch(run, batch)
  if (run.options.onRows !== null) await run.options.onRows(decided)
}

const STREAM_PROBLEMS_MAX = 1000

function takeItem(run: Run, item: Exclude<Item, { kind: 'header' | 'rows' | 'end' }>, stream: Taken['stream']): void {
  switch (item.kind) {
    case 'content':
    case 'recipe':
      takeContent(run, item)
      return
    case 'problem':
      stream.streamProblemCount++
      if (stream.streamProblems.length < STREAM_PROBLEMS_MAX) stream.streamProblems.push(item.problem)
      return
    case 'chunks':
    case 'optional':
      return
    case 'touch':
      assert(false, 'a touch is told as rows before')
      return
    default:
      unreachable(item)
  }
}

/** Takes what rows need. @throws FormatError, HostError */
export function takeContent(run: Run, item: Item): void {
  if (item.kind === 'content') run.contents.takePiece(item.piece, item.isVerified)
  else if (item.kind === 'recipe') run.contents.takeRecipe(item.recipe)
}
