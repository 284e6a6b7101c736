/** fsapply: a changeset onto a tree. */
import { availableParallelism } from 'node:os'
import { UsageError } from '../base/errors.ts'
import { createMonitor } from '../base/monitor.ts'
import type { ApplyReport } from '../flow/apply/apply-options.ts'
import { PartlyError } from '../flow/apply/partly-error.ts'
import { CommitError } from '../host/commit/commit-error.ts'
import { openSink } from '../host/stream/sink.ts'
import { DASH, say } from '../host/stream/stdio.ts'
import { fileFlags, openApplyFiles } from './apply-files.ts'
import { applyFlags, applyOptions } from './apply-flags.ts'
import { openApply } from './apply-input.ts'
import { endLeftover } from './apply-leftover.ts'
import { defineCommand, progressFlag } from './command.ts'
import { hookFlags, hookNotes, openHooks } from './hook-flags.ts'
import { startProgress } from './progress.ts'
import { KEPT, UNTOUCHED } from './sentences.ts'

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
    direct: {
      kind: 'switch',
      help: 'in place, where space is short: FILE is read more than once, and rows are done in portions',
    },
    ...applyFlags,
    ...fileFlags,
    ...hookFlags,
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
    ['fsapply --undo back.cs dst < monday.cs; fsapply dst back.cs', 'do it, then take it back'],
    ['fsapply --on-conflict overwrite --backup kept dst < monday.cs', 'local changes go to the folder kept'],
    ['fsapply --atomic --keep-old dst.old dst < monday.cs', 'the whole tree in one step'],
    ['fsapply --direct dst monday.cs', 'where a second copy of what changes has no room'],
    ['fsapply --only /etc/ --max-delete 100 dst < monday.cs', 'a part, and no more deletes than that'],
    ['fsapply --map-owner user:1000=www-data --chmod D755,F644 dst < monday.cs', 'as another owner, with other modes'],
    ['fsapply --before-commit \'["ssh","web1","drain"]\' dst < monday.cs', 'nothing is changed where that fails'],
  ],
  notes:
    'Every row is checked against TARGET first. A row that holds already is skipped; where any row does not fit, where the ' +
    'stream is damaged or a content is missing, nothing at all is changed and the exit status says which. ' +
    hookNotes,
  async untouched({ flags, operands }) {
    if (flags.resume || flags.rollback) return ''
    if (!flags['keep-stage']) return UNTOUCHED
    const { hasStage } = await import('../host/target/target.ts')
    return hasStage(operands[0]!) ? `${UNTOUCHED} ${KEPT}` : UNTOUCHED
  },
  async run({ flags, operands }) {
    if (flags.link && flags.basis.length === 0) throw new UsageError('link', '--link needs a --basis to link to')
    if (flags.resume || flags.rollback) return endLeftover(operands, flags)
    checkDryRun(flags)
    const applyInput = await openApply(operands[1] ?? null, flags)
    const chosen = applyOptions(flags)
    const hooks = openHooks(flags)
    const files = openApplyFiles(flags, operands[0]!)
    const { reportApply, rowsToDo, summaryLine } = await import('./apply-report.ts')
    const monitor = createMonitor('apply')
    const screen = flags['dry-run'] ? openSink(DASH) : null
    const stop = startProgress(monitor, flags.progress, screen !== null)
    const report = await applyInput({
      ...chosen,
      ...hooks,
      undo: files.undo,
      receipt: files.receipt,
      target: operands[0]!,
      dryRun: flags['dry-run'],
      strict: flags.strict,
      quick: flags.quick,
      basis: flags.basis,
      link: flags.link,
      countsRoom: true,
      source: flags.source,
      numericIds: flags['numeric-ids'],
      keepStage: flags['keep-stage'],
      durable: !flags['no-sync'],
      threadCount: flags.threads ?? Math.min(availableParallelism(), THREADS_MAX),
      monitor,
      onRows: screen === null ? hooks.onRows : (batch) => screen.write(Buffer.from(rowsToDo(batch))),
    })
      .catch((error: unknown) => {
        // What was changed may have to be taken back.
        if (!(error instanceof CommitError || error instanceof PartlyError)) files.dropUndo()
        throw error
      })
      .finally(() => {
        stop()
        hooks.close()
      })
    if (report.outcome !== 'applied' && !report.isPartly) files.dropUndo()
    const status = await reportApply('fsapply', report, chosen)
    if (flags.verbose && (report.outcome === 'applied' || isClear(report))) say(`fsapply: ${summaryLine(report)}\n`)
    if (screen !== null && isClear(report)) await screen.write(Buffer.from(`${summaryLine(report)}\n`))
    await screen?.finish({ durable: false })
    return status
  },
})

/** What is written or run because of a change needs one. */
function checkDryRun(flags: { 'dry-run': boolean }): void {
  if (!flags['dry-run']) return
  const names = [...Object.keys(fileFlags), ...Object.keys(hookFlags)]
  const given = names.find((name) => (flags as Record<string, unknown>)[name] != null)
  if (given !== undefined) throw new UsageError(given, `--${given} and --dry-run exclude each other: nothing is done`)
}

const isClear = ({ outcome }: ApplyReport): boolean => outcome === 'planned' || outcome === 'unchanged'
