/** fsplan: a changeset bound to one target. */
import { availableParallelism } from 'node:os'
import { createMonitor, type Monitor } from '../base/monitor.ts'
import type { PlanReport } from '../flow/plan/plan.ts'
import { DASH, isTerminal, STDOUT, say } from '../host/stream/stdio.ts'
import type { Item } from '../model/item.ts'
import { defineCommand, outputFlag, progressFlag } from './command.ts'
import { openInput } from './input.ts'
import { writeStream, writeText } from './output.ts'
import type { ProgressStyle } from './progress.ts'
import { ruleFlags, ruleOptions } from './rule-flags.ts'
import { LEFTOVER, refusedPlan, Status, takenAlong } from './sentences.ts'

export const command = defineCommand({
  name: 'fsplan',
  summary: 'Says what a changeset would do to TARGET: each row with its state there. Changes nothing.',
  operands: 'TARGET [FILE]',
  operandsMin: 1,
  operandsMax: 2,
  flags: {
    json: { kind: 'switch', help: 'print the plan as lines of JSON instead of the stream' },
    'exit-code': {
      kind: 'switch',
      help: 'exit with 1 when there is something to do, with 5 when fsapply would refuse it',
    },
    strict: { kind: 'switch', help: 'what cannot be kept is a problem, path by path' },
    quick: { kind: 'switch', help: 'take equal size and time for equal contents' },
    todo: { kind: 'switch', help: 'leave out the rows that hold already' },
    'no-find': { kind: 'switch', help: 'do not look under TARGET for contents that rows need' },
    'numeric-ids': { kind: 'switch', help: 'owners are the recorded numbers, not the recorded names' },
    ...ruleFlags,
    ...outputFlag,
    ...progressFlag,
  },
  examples: [
    ['fsplan dst < monday.cs', 'what would happen, and what does not fit'],
    ['fsplan dst monday.cs -o plan.cs && fsapply dst < plan.cs', 'look first; what drifted meanwhile is refused'],
    [
      'fsdiff old.cs new.cs --no-data | ssh host fsplan /d | fspack src | ssh host fsapply /d',
      'send only what /d lacks',
    ],
    ['fsplan --only /etc/ --chmod go-w dst monday.cs | fsapply dst', 'a part, with other modes: the plan has them so'],
    ['fsplan --exit-code dst monday.cs > /dev/null', 'does the changeset fit?'],
  ],
  notes:
    'A row is `do` (the target is what the row expects), `done` (it is as it shall be already), or a conflict: changed, ' +
    'missing, exists, type, parent, links; `skipped` is what --only and --delete leave out, and fsapply of the plan does too. Conflicts, and what the target cannot hold (room, names, kinds, sizes), are listed ' +
    'on standard error. A plan can be applied as a changeset can. Contents that rows need and that some ' +
    'file under TARGET has are marked, and fspack does not add them; it leaves out the rows that hold already as well. ' +
    'Files of the right size are read for this.',
  untouched: null,
  async run({ flags, operands }) {
    const { createPlanReport, plan } = await import('../flow/plan/plan.ts')
    const { readItems } = await import('../flow/stream/reader.ts')
    const monitor = createMonitor('plan')
    const report = createPlanReport()
    const source = readItems(await openInput(operands[1] ?? null))
    const options = {
      target: operands[0]!,
      strict: flags.strict,
      quick: flags.quick,
      numericIds: flags['numeric-ids'],
      find: !flags['no-find'],
      todo: flags.todo,
      ...ruleOptions(flags),
      threadCount: availableParallelism(),
      monitor,
    }
    const items = plan(source, options, report)
    await writePlan(items, flags, monitor)
    if (report.takenAlongCount > 0) say(`fsplan: ${takenAlong(report.takenAlongCount)}\n`)
    if (report.hasLeftover) say(`fsplan: ${LEFTOVER}\n`)
    const isShown = !flags.json && flags.output === null && isTerminal(STDOUT)
    return reportPlan(report, isShown, flags['exit-code'])
  },
})

type PlanFlags = { json: boolean; output: Uint8Array | null; progress: ProgressStyle | null }

async function writePlan(items: AsyncIterable<Item>, flags: PlanFlags, monitor: Monitor): Promise<void> {
  const { json, output, progress } = flags
  if (!json) {
    await writeStream(items, { name: 'fsplan', output, progress, phases: [], monitor })
    return
  }
  const { showJson } = await import('../flow/show/json.ts')
  await writeText(showJson(items), output ?? DASH)
}

/** Says what does not fit, unless it is on the screen already, and what that means. Gives the exit status. */
async function reportPlan(report: PlanReport, isShown: boolean, withExitCode: boolean): Promise<number> {
  const { findings, counts, notKept } = report
  const { conflictCount, blockingCount, problemCount } = findings
  if (conflictCount + problemCount > 0 || notKept !== null) {
    const { listFindings, notKeptLines } = await import('./apply-report.ts')
    if (!isShown) listFindings('fsplan', findings)
    for (const line of notKept === null ? [] : notKeptLines(notKept)) say(`fsplan: ${line}\n`)
  }
  const { isNothing } = await import('../flow/plan/apply-count.ts')
  const isRefused = conflictCount + blockingCount > 0
  if (isRefused) say(`fsplan: ${refusedPlan(conflictCount, blockingCount)}\n`)
  if (withExitCode && isRefused) return Status.conflicts
  return problemCount > 0 || (withExitCode && !isNothing(counts)) ? Status.problems : Status.ok
}
