/** One apply on its way through a stream: rows are checked and decided, contents staged; nothing at the target moves. */
import { State } from '../../base/constants.ts'
import { HostError } from '../../base/errors.ts'
import { isConflict } from '../../host/check/check-state.ts'
import { reconcile } from '../../host/check/reconcile.ts'
import { isShort } from '../../host/check/room.ts'
import { closeFd, openRoot } from '../../host/entry/dir.ts'
import { closeJournal, findOrdinal, findRow, giveUp } from '../../host/journal/journal.ts'
import { type Frame, Op } from '../../host/journal/journal-frame.ts'
import { localFiles } from '../../host/stage/file-sink.ts'
import { closeStage, createStage, removeStageOf, type Stage } from '../../host/stage/stage.ts'
import { type Basis, closeBasis, openBasis } from '../../host/stage/stage-basis.ts'
import { rowPath, type StagedRow, stageFrame } from '../../host/stage/stage-object.ts'
import { addConflict, addMissing, createFindings, type Findings } from '../../host/target/findings.ts'
import { closeKeep, isTakenIn, type Keep, openKeep, refuseKeptInside } from '../../host/target/keep.ts'
import { lockTarget, makeRoot, type Target, unmakeRoot } from '../../host/target/target.ts'
import { type Cursor, closeCursor, createCursor } from '../../host/target/target-cursor.ts'
import { type Batch, pathAt } from '../../model/batch.ts'
import { EMPTY, optionalBytesAt } from '../../model/bytes-column.ts'
import { entryAt } from '../../model/entries.ts'
import type { Header } from '../../model/item.ts'
import { type ApplyCounts, countFrame, createCounts, recount } from '../plan/apply-count.ts'
import { closeJudge, createJudge, finishJudge, isWork, type Judge, judgeBatch, keepFrame } from '../plan/judge.ts'
import type { KeptContents } from '../plan/kept-contents.ts'
import { type ContentSink, countedContents, stagedContents } from './apply-contents.ts'
import type { ApplyOptions } from './apply-options.ts'
import { threadedFiles } from './apply-threads.ts'
import { settleKeptOrigins } from './kept-origins.ts'

export type Run = {
  options: ApplyOptions
  header: Header
  target: Target
  findings: Findings
  keep: Keep
  judge: Judge
  basis: Basis | null
  /** What earlier applies have left, for as long as it is needed. */
  kept: KeptContents | null
  source: Cursor | null
  /** Made with the first row that there is something to do for. */
  stage: Stage | null
  contents: ContentSink
  counts: ApplyCounts
  /** Ordinals of rows that move a file whose content nobody has. */
  doubtful: number[]
  /** Name of the stage that was left with what had arrived; null where none was. */
  leftStage: Uint8Array | null
  /** Where the old tree is after a switch, as long as it is there. */
  oldTree: Uint8Array | null
  afterwards: unknown[]
}

/** Begins with the header. @throws RefusedError `wrong-kind`; `basis-in-target`; HostError where a basis or the source cannot be opened */
export function startRun(options: ApplyOptions, target: Target, kept: KeptContents | null, header: Header): Run {
  const findings = createFindings('apply')
  const { onConflict, suffix } = options
  const folder = onConflict === 'overwrite' ? options.backup : null
  const isFolderTaken = (path: Uint8Array): boolean => isTakenIn(keep, path)
  const policy = { onConflict, suffix, hasFolder: folder !== null }
  // What is on the disk already needs no room, or has it.
  const countsRoom = options.countsRoom && options.source === null && options.basis.length === 0 && kept === null
  const judgeOptions = {
    ...options,
    policy,
    isFolderTaken,
    isAtomic: options.atomic !== null,
    countsRoom,
  }
  const judge = createJudge(judgeOptions, target, header, findings)
  const basis = openBasis(options.basis, options.link, options.quick, target)
  const source = options.source === null ? null : createCursor(openRoot(options.source))
  const isKeeping = onConflict === 'overwrite' || onConflict === 'keep-both'
  if (options.atomic !== null && folder !== null) refuseKeptInside(folder, target)
  const keep = openKeep(isKeeping ? suffix : EMPTY, folder, target, !options.dryRun)
  const done = { leftStage: null, oldTree: null, afterwards: [] }
  const onFailed = (rows: StagedRow[]): void => reportFailed(judge, findings, rows)
  // Of what is refused already nothing more need be read.
  const isFollowing = (): boolean => !isHopeless({ findings, options, judge })
  return {
    options,
    header,
    target,
    findings,
    keep,
    judge,
    basis,
    kept,
    source,
    stage: null,
    contents: countedContents(target, judge.journal, basis, source, isFollowing, onFailed),
    counts: createCounts(),
    doubtful: [],
    ...done,
  }
}

/** True where it is clear that nothing will be done: rows are still checked, so that all is told at once. */
function isHopeless({ findings, options, judge }: Pick<Run, 'findings' | 'options' | 'judge'>): boolean {
  const conflicts = options.onConflict === 'fail' ? findings.conflictCount : 0
  return conflicts + findings.blockingCount + findings.missingCount > 0 || (judge.room !== null && isShort(judge.room))
}

/** Takes the next rows of the stream. Returns them with what was decided. @throws HostError */
export function takeBatch(run: Run, batch: Batch): Batch {
  settleContents(run)
  const frame = judgeBatch(run.judge, batch, null)
  if (run.stage === null && !run.options.dryRun && isWork(frame) && !isHopeless(run)) beginStage(run)
  const waiting: StagedRow[] = []
  if (run.stage !== null && !isHopeless(run)) stageFrame(run.stage, frame, (row) => waiting.push(row))
  else if (run.stage === null) wantAll(run, frame)
  // ORDER: the journal tells of a content before it is there, or nobody would find what a crash leaves.
  keepFrame(run.judge, frame)
  for (const row of waiting) run.contents.want(row)
  countFrame(run.counts, frame)
  run.options.monitor.entries += batch.rowCount
  return frame.batch
}

function beginStage(run: Run): void {
  const { options, target, judge, basis, kept, source, keep } = run
  makeRoot(target)
  if (target.isMade) lockTarget(target)
  const stage = createStage(target, judge.keeper, judge.journal, keep, options.keepStage)
  const files = options.threadCount > 1 ? threadedFiles(stage, options.threadCount - 1) : localFiles(stage)
  run.stage = stage
  run.contents = stagedContents(stage, basis, kept, source, files, (rows) => reportFailed(judge, run.findings, rows))
}

/** Without a stage it is only noted which contents would be needed. */
function wantAll(run: Run, frame: Frame): void {
  const { dirRowEnds } = frame.batch
  for (let d = 0, i = 0; d < dirRowEnds.length; d++) {
    for (; i < dirRowEnds[d]!; i++) if ((frame.op[i]! & Op.content) !== 0) run.contents.want({ frame, d, i })
  }
}

/** A recipe that does not lead to the content it was made for: the target's files are not those it was made from. */
function reportFailed({ journal }: Judge, findings: Findings, rows: StagedRow[]): void {
  for (const row of rows) {
    const { batch } = row.frame
    giveUp(journal, row, State.changed)
    addConflict(findings, () => ({
      path: rowPath(row),
      state: State.changed,
      before: entryAt(batch.before, row.i),
      after: entryAt(batch.after, row.i),
      seen: entryAt(batch.seen, row.i),
    }))
  }
}

function settleContents(run: Run): void {
  for (const row of run.contents.settle()) {
    if (mayBeLeftOut(run, row)) run.doubtful.push(row.frame.firstOrdinal + row.i)
    else addMissing(run.findings, rowPath(row))
  }
  run.options.monitor.bytes = run.contents.bytes
}

/** The row moves a file that is not what was expected where it comes from, or not there. */
function mayBeLeftOut({ options }: Run, { frame, i }: StagedRow): boolean {
  const leavesOut = options.onConflict === 'skip' || options.onConflict === 'keep-both'
  return leavesOut && optionalBytesAt(frame.batch.after!.moved, i).length > 0
}

/** Where the row of its origin is left out, so is the move; else its content is missing. */
function settleMoves({ judge, doubtful, findings }: Run): void {
  for (const ordinal of doubtful) {
    const row = findOrdinal(judge.journal, ordinal)!
    const origin = findRow(judge.journal, optionalBytesAt(row.frame.batch.after!.moved, row.i))
    if (origin !== null && isConflict(origin.frame.batch.state![origin.i]!)) giveUp(judge.journal, row, State.skipped)
    else addMissing(findings, pathAt(row.frame.batch, row.d, row.i))
  }
}

/** After the last item: finds what the rows left out, and what they still lack. @throws HostError */
export function finishRows(run: Run): void {
  settleContents(run)
  run.contents.drain()
  if (run.options.onConflict === 'overwrite' && run.findings.conflictCount > 0) {
    settleKeptOrigins(run.judge.journal, run.stage)
  }
  finishJudge(run.judge)
  settleMoves(run)
  const isSkipping = run.findings.conflictCount > 0 && run.options.onConflict !== 'fail'
  if (!isSkipping && run.counts.skipped === 0) return
  reconcile(run.judge.journal, run.findings.held)
  run.counts = recount(run.judge)
}

/** Closes everything; a stage that is still there is removed, and a root that was made for it, unless they are to be kept. */
export async function closeRun(run: Run): Promise<void> {
  if (run.options.keepStage && run.stage !== null) drainWhatCame(run)
  // ORDER: threads may be at work in the stage.
  await run.contents.close()
  closeJudge(run.judge)
  closeKeep(run.keep, run.target)
  if (run.basis !== null) closeBasis(run.basis)
  if (run.source !== null) {
    closeCursor(run.source)
    closeFd(run.source.rootFd)
    run.source = null
  }
  run.kept?.close()
  if (run.stage === null) closeJournal(run.judge.journal)
  else if (run.options.keepStage) leaveStage(run, run.stage)
  else dropStage(run)
}

/** What came last may still wait to be written. */
function drainWhatCame({ contents }: Run): void {
  try {
    contents.drain()
  } catch (error) {
    if (!(error instanceof HostError)) throw error
  }
}

function leaveStage(run: Run, stage: Stage): void {
  run.stage = null
  run.leftStage = stage.name
  closeStage(stage)
}

/** Removes the stage with all that is in it. @throws HostError */
export function dropStage(run: Run): void {
  const { stage, target, judge } = run
  if (stage === null) return
  run.stage = null
  closeStage(stage)
  removeStageOf(target, judge.keeper, stage.name)
  unmakeRoot(target)
}
