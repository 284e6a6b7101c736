/** fsapply: a changeset onto a tree. */
import { availableParallelism } from 'node:os'
import { UsageError } from '../base/errors.ts'
import { createMonitor } from '../base/monitor.ts'
import type { ApplyReport } from '../flow/apply-options.ts'
import { widenPipe } from '../host/pipe.ts'
import { openSink } from '../host/sink.ts'
import { DASH, STDIN, say } from '../host/stdio.ts'
import { defineCommand, progressFlag } from './command.ts'
import { openInput } from './input.ts'
import { startProgress } from './progress.ts'
import { Status } from './sentences.ts'

/** More threads than these wait for each other in the filesystem. */
const THREADS_MAX = 4

export const command = defineCommand({
  name: 'fsapply',
  summary: 'Applies a changeset to TARGET, or restores a snapshot into an empty or missing TARGET. All or nothing.',
  operands: 'TARGET [FILE]',
  operandsMin: 1,
  operandsMax: 2,
  flags: {
    'dry-run': { kind: 'switch', short: 'n', help: 'only say what would happen' },
    source: { kind: 'path', value: 'DIR', help: 'take contents that the stream lacks from DIR' },
    strict: { kind: 'switch', help: 'what cannot be kept is a problem, path by path' },
    quick: { kind: 'switch', help: 'take equal size and time for equal contents when the target is checked' },
    'numeric-ids': { kind: 'switch', help: 'owners are the recorded numbers, not the recorded names' },
    'no-sync': {
      kind: 'switch',
      help: 'do not wait until the disk has everything: faster, not safe against power cuts',
    },
    resume: { kind: 'switch', help: 'complete what an earlier apply has left, after a crash; no stream is read' },
    rollback: { kind: 'switch', help: 'take it back instead' },
    threads: { kind: 'number', value: 'N', min: 1, max: 64, help: 'threads for large streams; 1 starts none' },
    verbose: { kind: 'switch', short: 'v', help: 'say what was done' },
    ...progressFlag,
  },
  examples: [
    ['fsscan src | fsdiff old.cs | fsapply dst', 'record and replay'],
    ['fsapply --dry-run dst < monday.cs', 'what would happen'],
    ['fsapply dst archive.cs', 'restore a snapshot that has its contents'],
  ],
  notes:
    'Every row is checked against TARGET first. A row that holds already is skipped; where any row does not fit, where the ' +
    'stream is damaged or a content is missing, nothing at all is changed and the exit status says which.',
  untouched: 'The target was not changed.',
  async run({ flags, operands }) {
    if (flags.resume || flags.rollback) return endLeftover(operands, flags)
    const { apply } = await import('../flow/apply.ts')
    const { lendItems } = await import('../flow/reader.ts')
    const { reportApply, rowsToDo, summaryLine } = await import('./apply-report.ts')
    const monitor = createMonitor('apply')
    const source = await openInput(operands[1] ?? null)
    if (operands.length < 2) widenPipe(STDIN)
    const screen = flags['dry-run'] ? openSink(DASH) : null
    const stop = await startProgress(monitor, flags.progress, screen !== null)
    const report = await apply(lendItems(source), {
      target: operands[0]!,
      dryRun: flags['dry-run'],
      strict: flags.strict,
      quick: flags.quick,
      source: flags.source,
      numericIds: flags['numeric-ids'],
      durable: !flags['no-sync'],
      threadCount: flags.threads ?? Math.min(availableParallelism(), THREADS_MAX),
      rules: { chmod: [], only: [], neverDelete: false, owners: [], untrusted: false },
      maxDelete: null,
      deleteAfter: false,
      allowForeign: false,
      allowRoot: false,
      atomic: 'off',
      onConflict: 'fail',
      suffix: Buffer.from('~'),
      backup: null,
      undo: null,
      receipt: null,
      beforeCommit: null,
      afterCommit: null,
      monitor,
      onRows: screen === null ? null : (batch) => screen.write(Buffer.from(rowsToDo(batch))),
    }).finally(stop)
    const status = reportApply('fsapply', report)
    if (flags.verbose) say(`fsapply: ${summaryLine(report)}\n`)
    if (screen !== null && isClear(report)) await screen.write(Buffer.from(`${summaryLine(report)}\n`))
    await screen?.finish({ durable: false })
    return status
  },
})

type LeftoverFlags = { resume: boolean; rollback: boolean; 'no-sync': boolean; verbose: boolean }

async function endLeftover(operands: readonly Uint8Array[], flags: LeftoverFlags): Promise<number> {
  if (flags.resume && flags.rollback) throw new UsageError('rollback', '--resume and --rollback exclude each other')
  if (operands.length > 1) throw new UsageError('', 'no FILE is read with --resume or --rollback')
  const { resume } = await import('../flow/resume.ts')
  const direction = flags.resume ? 'resume' : 'roll-back'
  const { phase } = resume({ target: operands[0]!, direction, durable: !flags['no-sync'] })
  const was = phase === 'staging' ? 'nothing had been changed yet' : 'the change had been begun'
  const end = flags.resume ? 'it is complete now' : 'the target is as it was before'
  if (flags.verbose) say(`fsapply: ${was}; ${end}\n`)
  return Status.ok
}

const isClear = ({ outcome }: ApplyReport): boolean => outcome === 'planned' || outcome === 'unchanged'
