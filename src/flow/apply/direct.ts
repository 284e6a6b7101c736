/**
 * An apply in place, for where space is short (spec §8.7). The stream is read four times, from a file: it is verified and every
 * row is compared with the target; then what goes is deleted; then new contents are put, a portion at a time; then all
 * that depends on more than itself is done as any apply does it. Each portion is an apply of its own: staged, decided, committed.
 * Each file is old or new at any time, and the same stream again completes what was cut short.
 */
import { assert } from '../../base/assert.ts'
import { Kind, State } from '../../base/constants.ts'
import { createMonitor } from '../../base/monitor.ts'
import { isConflict } from '../../host/check/check-state.ts'
import { reconcile } from '../../host/check/reconcile.ts'
import { findRow, giveUp, type Journal } from '../../host/journal/journal.ts'
import { addConflict, addProblem, type Conflict } from '../../host/target/findings.ts'
import type { Target } from '../../host/target/target.ts'
import { type Batch, forEachRow, pathAt } from '../../model/batch.ts'
import type { Bits } from '../../model/bits.ts'
import type { Item } from '../../model/item.ts'
import { pathKey } from '../../model/path.ts'
import { selectRows } from '../../tree/select-rows.ts'
import { FirstTouched } from '../diff/target-tree.ts'
import { recount } from '../plan/apply-count.ts'
import { withTarget } from './apply.ts'
import { tellDone, tellPlanned, tellUnchanged } from './apply-commit.ts'
import type { ApplyOptions, ApplyReport } from './apply-options.ts'
import { closeRun, type Run } from './apply-run.ts'
import { applyTo, closing, endStream, reportOf, type Taken, takeStream } from './apply-stream.ts'
import { type PortionSink, putPortions } from './direct-portions.ts'
import { createNeeds, findEarly, noteRecipe, type RecipeNeeds } from './direct-rows.ts'
import { addReport, createPortionRuns } from './direct-runs.ts'
import { PartlyError } from './partly-error.ts'

/**
 * Applies a stream that can be read again.
 * @param openStream starts to read it: the same items each time
 * @throws as `apply` does; PartlyError once the target has been changed
 */
export function applyDirect(openStream: () => AsyncIterable<Item>, options: ApplyOptions): Promise<ApplyReport> {
  assert(options.atomic === null && !options.deleteAfter, 'in place, deletes first')
  return withTarget(options, async (target) => {
    const touched = new FirstTouched(target, options.threadCount)
    try {
      return await applyAgain(target, () => touched.rows(openStream()), options)
    } finally {
      touched.close()
    }
  })
}

async function applyAgain(
  target: Target,
  open: () => AsyncIterable<Item>,
  options: ApplyOptions,
): Promise<ApplyReport> {
  const needs = createNeeds()
  const taken = await takeStream(target, null, noteRecipes(open(), needs), {
    ...options,
    dryRun: true,
    countsRoom: false,
  })
  return closing(taken.run, async () => {
    const outcome = await endStream(taken)
    const isWork = outcome === 'planned' && !options.dryRun
    if (outcome === 'unchanged' && !options.dryRun) await tellUnchanged(taken.run, taken.end, options)
    const report = isWork ? await work(target, open, options, taken, needs) : reportOf(taken, outcome)
    await closeRun(taken.run)
    return report
  })
}

async function* noteRecipes(items: AsyncIterable<Item>, needs: RecipeNeeds): AsyncGenerator<Item> {
  let batch: (Item & { kind: 'rows' })['batch'] | null = null
  let ordinal = 0
  for await (const item of items) {
    if (item.kind === 'rows') {
      ordinal += batch?.rowCount ?? 0
      batch = item.batch
    } else if (item.kind === 'recipe' && batch !== null) noteRecipe(needs, batch, ordinal, item.recipe)
    yield item
  }
}

/** All rows fit. What was planned is what the receipt tells of. */
async function work(
  target: Target,
  open: () => AsyncIterable<Item>,
  options: ApplyOptions,
  taken: Taken,
  needs: RecipeNeeds,
): Promise<ApplyReport> {
  const { run, end } = taken
  const early = findEarly(run.judge.journal, needs)
  await tellPlanned(run, end, options)
  options.monitor.phase = 'commit'
  const quiet = { onRows: null, onDone: null, undo: null, receipt: null, beforeCommit: null, afterCommit: null }
  const step = {
    ...options,
    ...quiet,
    countsRoom: false,
    maxDelete: null,
    allowForeign: true,
    monitor: createMonitor('apply'),
  }
  const { use, sum } = createPortionRuns(target, run.header, end, { ...step, threadCount: 1 })
  try {
    await use((sink) => putDeletes(open(), early, sink))
    await use((sink) => putPortions(open(), early, sink))
    if (sum.failed === null) {
      const onRows = async (batch: Batch): Promise<void> => leaveOut(run.judge.journal, batch)
      addReport(sum, await applyTo(target, null, withoutRows(open(), early), { ...step, onRows }))
    }
  } catch (error) {
    throw sum.isBegun ? new PartlyError(error) : error
  }
  if (sum.failed !== null) return { ...sum.failed, isPartly: sum.isBegun }
  for (const { code, path, detail } of sum.problems) addProblem(run.findings, code, path, detail)
  leaveConflicts(run, sum.conflicts)
  reconcile(run.judge.journal, run.findings.held)
  run.counts = recount(run.judge)
  await tellDone(run, end, options)
  return { ...reportOf(taken, 'applied'), bytes: sum.bytes, notKept: sum.notKept }
}

/** What could not be made, such as a device, was planned and is not done. */
function leaveOut(planned: Journal, batch: Batch): void {
  forEachRow(batch, (d, i) => {
    const found = batch.state![i] === State.skipped ? findRow(planned, pathAt(batch, d, i)) : null
    if (found !== null && found.frame.op[found.i] !== 0) giveUp(planned, found, State.skipped)
  })
}

/**
 * What was to be done when it was planned, and was not: a recipe does not lead to its content, or another was at work here. A row that
 * was to be done though it conflicts is told of once for that, and again.
 */
function leaveConflicts({ judge, findings }: Run, conflicts: readonly Conflict[]): void {
  const met = new Set<string>()
  for (const conflict of conflicts) {
    const found = findRow(judge.journal, conflict.path)
    if (found === null || found.frame.op[found.i] === 0) continue
    const key = pathKey(conflict.path)
    if (isConflict(found.frame.batch.state![found.i]!) && !met.has(key)) {
      met.add(key)
      continue
    }
    giveUp(judge.journal, found, conflict.state)
    addConflict(findings, () => conflict)
  }
}

/** Rows that are done early, of those that only delete: they are one portion, for a directory goes with all that is in it. */
async function putDeletes(items: AsyncIterable<Item>, early: Bits, { put }: PortionSink): Promise<void> {
  let ordinal = 0
  for await (const item of items) {
    if (item.kind !== 'rows') continue
    const { batch } = item
    const first = ordinal
    const rows = selectRows(batch, (i) => (batch.after?.kind[i] ?? Kind.absent) === Kind.absent && early.has(first + i))
    if (rows !== null) await put(rows, [], 0)
    ordinal += batch.rowCount
  }
}

async function* withoutRows(items: AsyncIterable<Item>, early: Bits): AsyncGenerator<Item> {
  let ordinal = 0
  for await (const item of items) {
    if (item.kind !== 'rows') {
      yield item
      continue
    }
    const first = ordinal
    const batch = selectRows(item.batch, (i) => !early.has(first + i))
    ordinal += item.batch.rowCount
    if (batch !== null) yield { kind: 'rows', batch }
  }
}
