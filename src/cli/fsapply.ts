/** fsapply: a changeset onto a tree. */
import { availableParallelism } from 'node:os'
import { UsageError } from '../base/errors.ts'
import { createMonitor } from '../base/monitor.ts'
import type { applyOnBasis } from '../flow/apply-on-basis.ts'
import type { ApplyReport } from '../flow/apply-options.ts'
import { widenPipe } from '../host/pipe.ts'
import { openSink } from '../host/sink.ts'
import { DASH, STDIN, say } from '../host/stdio.ts'
import { defineCommand, progressFlag } from './command.ts'
import { openInput } from './input.ts'
import { startProgress } from './progress.ts'
import { KEPT, Status, UNTOUCHED } from './sentences.ts'

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
    basis: {
      kind: 'paths',
      value: 'DIR',
      help: 'what DIR has at the same path is taken from there (shared blocks, or a copy); may be repeated. A TARGET that is missing begins as a copy of the first DIR where a changeset is applied',
    },
    link: { kind: 'switch', help: 'with --basis: hard links, where mode, owner, time and attributes are equal too' },
    source: { kind: 'path', value: 'DIR', help: 'take contents that the stream lacks from DIR' },
    strict: { kind: 'switch', help: 'what cannot be kept is a problem, path by path' },
    quick: { kind: 'switch', help: 'take equal size and time for equal contents, at the target and in a basis' },
    'numeric-ids': { kind: 'switch', help: 'owners are the recorded numbers, not the recorded names' },
    'no-sync': {
      kind: 'switch',
      help: 'do not wait until the disk has everything: faster, not safe against power cuts',
    },
    'keep-stage': {
      kind: 'switch',
      help: 'what has arrived stays in TARGET where the stream breaks off, and is not written again the next time',
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
    ['fsapply --basis old --link new < monday.cs', 'what it makes of old, in a new directory that costs what changed'],
  ],
  notes:
    'Every row is checked against TARGET first. A row that holds already is skipped; where any row does not fit, where the ' +
    'stream is damaged or a content is missing, nothing at all is changed and the exit status says which.',
  untouched: (flags) => (flags['keep-stage'] ? `${UNTOUCHED} ${KEPT}` : UNTOUCHED),
  async run({ flags, operands }) {
    if (flags.link && flags.basis.length === 0) throw new UsageError('link', '--link needs a --basis to link to')
    if (flags.resume || flags.rollback) return endLeftover(operands, flags)
    const { apply } = await applyOf(flags)
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
      basis: flags.basis,
      link: flags.link,
      source: flags.source,
      numericIds: flags['numeric-ids'],
      keepStage: flags['keep-stage'],
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

/** A basis may stand for a target that is missing; without one that is not loaded. */
async function applyOf({ basis }: { basis: readonly Uint8Array[] }): Promise<{ apply: typeof applyOnBasis }> {
  return basis.length === 0
    ? import('../flow/apply.ts')
    : { apply: (await import('../flow/apply-on-basis.ts')).applyOnBasis }
}

const isClear = ({ outcome }: ApplyReport): boolean => outcome === 'planned' || outcome === 'unchanged'
