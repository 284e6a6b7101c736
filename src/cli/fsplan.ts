/** fsplan: a changeset bound to one target. */
import { createMonitor, type Monitor } from '../base/monitor.ts'
import { DASH, say } from '../host/stdio.ts'
import type { Item } from '../model/item.ts'
import { defineCommand, outputFlag, progressFlag } from './command.ts'
import { openInput } from './input.ts'
import { writeStream, writeText } from './output.ts'
import type { ProgressStyle } from './progress.ts'
import { LEFTOVER, Status } from './sentences.ts'

export const command = defineCommand({
  name: 'fsplan',
  summary: 'Says what a changeset would do to TARGET: each row with its state there. Changes nothing.',
  operands: 'TARGET [FILE]',
  operandsMin: 1,
  operandsMax: 2,
  flags: {
    json: { kind: 'switch', help: 'print the plan as lines of JSON instead of the stream' },
    'exit-code': { kind: 'switch', help: 'exit with 1 when there is something to do, with 5 when there are conflicts' },
    quick: { kind: 'switch', help: 'take equal size and time for equal contents' },
    'numeric-ids': { kind: 'switch', help: 'owners are the recorded numbers, not the recorded names' },
    ...outputFlag,
    ...progressFlag,
  },
  examples: [
    ['fsplan dst < monday.cs', 'what would happen, and what does not fit'],
    ['fsplan dst monday.cs -o plan.cs && fsapply dst < plan.cs', 'look first; what drifted meanwhile is refused'],
    ['fsplan --exit-code dst monday.cs > /dev/null', 'does the changeset fit?'],
  ],
  notes:
    'A row is `do` (the target is what the row expects), `done` (it is as it shall be already), or a conflict: changed, ' +
    'missing, exists, type, parent, links. A plan can be applied as a changeset can.',
  untouched: '',
  async run({ flags, operands }) {
    const { createPlanReport, plan } = await import('../flow/plan.ts')
    const { readItems } = await import('../flow/reader.ts')
    const monitor = createMonitor('plan')
    const report = createPlanReport()
    const source = readItems(await openInput(operands[1] ?? null))
    const options = { target: operands[0]!, quick: flags.quick, numericIds: flags['numeric-ids'], monitor }
    const items = plan(source, options, report)
    const status = await writePlan(items, flags, monitor)
    if (report.hasLeftover) say(`fsplan: ${LEFTOVER}\n`)
    if (!flags['exit-code']) return status
    const { rows, done } = report.counts
    return report.findings.conflictCount > 0 ? Status.conflicts : rows > done ? Status.problems : status
  },
})

type PlanFlags = { json: boolean; output: Uint8Array | null; progress: ProgressStyle | null }

async function writePlan(items: AsyncIterable<Item>, flags: PlanFlags, monitor: Monitor): Promise<number> {
  const { json, output, progress } = flags
  if (!json) return writeStream(items, { name: 'fsplan', output, progress, phases: ['plan'], monitor })
  const { showJson } = await import('../flow/show/json.ts')
  await writeText(showJson(items), output ?? DASH)
  return Status.ok
}
