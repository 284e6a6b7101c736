/**
 * A changeset bound to one target (spec §8): the same stream, each row with its state and with what was seen. Nothing is
 * changed. Memory: one batch, and a bounded table of the contents that are looked for under the target.
 */
import { FormatError, RefusedError } from '../../base/errors.ts'
import type { Monitor } from '../../base/monitor.ts'
import { reconcile } from '../../host/check/reconcile.ts'
import { closeJournal } from '../../host/journal/journal.ts'
import { createFindings, type Findings } from '../../host/target/findings.ts'
import type { NotKept } from '../../host/target/keeper.ts'
import { closeTarget, isBusy, openTarget, type Target } from '../../host/target/target.ts'
import { EMPTY } from '../../model/bytes-column.ts'
import type { Header, Item } from '../../model/item.ts'
import type { Problem } from '../../model/problem.ts'
import { stateWords } from '../../model/words.ts'
import { touchedAt } from '../diff/target-tree.ts'
import { type ApplyCounts, countFrame, createCounts, recount } from './apply-count.ts'
import { checkDeletes } from './delete-limit.ts'
import { markFound } from './find-contents.ts'
import { closeJudge, createJudge, finishJudge, type Judge, judgeBatch, keepFrame, type Rules } from './judge.ts'
import { leftoversOf, refuseLeftovers } from './kept-contents.ts'
import { lookAhead } from './look-ahead.ts'
import type { PlanWorkerData } from './plan-worker.ts'
import type { DeleteLimit } from './row-rules.ts'
import { withoutDone } from './todo.ts'
import { headerWithXattrs } from './unsaid-rows.ts'

export type PlanOptions = {
  /** The root of the tree, as the user named it. It need not exist. */
  target: Uint8Array
  /** What cannot be kept is a problem for each path. */
  strict: boolean
  /** Equal size and time are taken for equal contents. */
  quick: boolean
  /** Owners are numbers; otherwise names count where this process may set owners. */
  numericIds: boolean
  /** Which rows are done, and how; the plan has them so. */
  rules: Rules
  maxDelete: DeleteLimit
  /** Contents that rows need are looked for under the target, and those that are there marked. */
  find: boolean
  /** Rows that hold already are left out. */
  todo: boolean
  /** Threads that look at the target, this one among them. */
  threadCount: number
  monitor: Monitor
}

/** What the plan comes to, known once its end was taken. */
export type PlanReport = {
  counts: ApplyCounts
  findings: Findings
  notKept: NotKept | null
  /** An apply was cut short at the target before it had changed anything, and has left its stage there. */
  hasLeftover: boolean
  /** Rows that an apply leaves out because of others that are left out, such as directories in which something stays. */
  takenAlongCount: number
}

/**
 * The items of the plan. What cannot be said in a row (an entry that would be lost with its directory, an entry that
 * cannot be read) is a problem item.
 * @param report is filled in on the way
 * @throws HostError, RefusedError `wrong-kind`, `leftover-stage`, `leftover-copy`, `target-busy`, `touched-differ`
 */
export function plan(items: AsyncIterable<Item>, options: PlanOptions, report: PlanReport): AsyncIterable<Item> {
  const judged = judgeItems(items, options, report)
  const kept = options.todo ? withoutDone(judged) : judged
  return options.find ? markFound(kept, options) : kept
}

async function* judgeItems(items: AsyncIterable<Item>, options: PlanOptions, report: PlanReport): AsyncGenerator<Item> {
  const target = openTarget(options.target)
  const { findings } = report
  let judge: Judge | null = null
  let header: Header | null = null
  const told = { conflicts: 0, problems: 0 }
  try {
    report.hasLeftover = findLeftover(target)
    const place = (): PlanWorkerData | null =>
      judge === null || target.fd === -1 ? null : { rootFd: target.fd, withXattrs: judge.keeper.xattrs }
    const rows = await touchedAt(items, target, options.threadCount)
    for await (const { item, glance } of lookAhead(rows, { threadCount: options.threadCount, place })) {
      if (item.kind === 'header') {
        header = item.header
        judge = createJudge({ ...options, ...AS_IS }, target, header, findings)
        report.notKept = judge.keeper.notKept
        yield { kind: 'header', header: { ...headerWithXattrs(header), kind: 'plan' } }
      } else if (judge === null) {
        throw new FormatError('misplaced-frame', 0, 'items before the header')
      } else if (item.kind === 'rows') {
        const frame = judgeBatch(judge, item.batch, glance)
        keepFrame(judge, frame)
        countFrame(report.counts, frame)
        options.monitor.entries += item.batch.rowCount
        yield { kind: 'rows', batch: frame.batch }
        yield* problemsSince(findings, told)
        yield* conflictsSince(findings, told)
      } else if (item.kind === 'end') {
        finishJudge(judge)
        countConsequences(judge, report)
        checkDeletes(options.maxDelete, report.counts.deleted, target, findings)
        yield* problemsSince(findings, told)
        yield* conflictsSince(findings, told)
        yield item
      } else {
        yield item
      }
    }
  } finally {
    if (judge !== null) {
      closeJudge(judge)
      closeJournal(judge.journal)
    }
    closeTarget(target)
  }
}

/** Rows that are left out take others with them, which were said by then: what the plan comes to is counted again. */
function countConsequences(judge: Judge, report: PlanReport): void {
  const { skipped } = report.counts
  if (skipped === 0) return
  reconcile(judge.journal, judge.findings.held)
  report.counts = recount(judge)
  report.takenAlongCount = report.counts.skipped - skipped
}

/** A target that is half changed cannot be planned for. @throws RefusedError */
function findLeftover(target: Target): boolean {
  const leftovers = leftoversOf(target)
  if (leftovers === 'none') return false
  const isAtWork = isBusy(target)
  if (leftovers === 'decided' && isAtWork) {
    throw new RefusedError('target-busy', 'an apply is at work in this target')
  }
  if (leftovers === 'decided') refuseLeftovers(leftovers)
  return !isAtWork
}

/** A plan says what does not fit; what is then done is for the apply to choose. */
const AS_IS = {
  policy: { onConflict: 'fail', suffix: EMPTY, hasFolder: false },
  isFolderTaken: () => false,
  isAtomic: false,
  countsRoom: true,
} as const

/** An empty report, for `plan` to fill in. */
export function createPlanReport(): PlanReport {
  return {
    counts: createCounts(),
    findings: createFindings('plan'),
    notKept: null,
    hasLeftover: false,
    takenAlongCount: 0,
  }
}

type Told = { conflicts: number; problems: number }

function* problemsSince(findings: Findings, told: Told): Iterable<Item> {
  for (; told.problems < findings.problems.length; told.problems++) {
    yield { kind: 'problem', problem: findings.problems[told.problems]! }
  }
}

/** Conflicts that belong to no row: entries that would be lost with the directory they lie in. */
function* conflictsSince(findings: Findings, told: Told): Iterable<Item> {
  for (; told.conflicts < findings.conflicts.length; told.conflicts++) {
    const { path, state, before, after } = findings.conflicts[told.conflicts]!
    if (before !== null || after !== null) continue
    const problem: Problem = { path, code: 'conflict', phase: 'plan', detail: stateWords[state]! }
    yield { kind: 'problem', problem }
  }
}
