/** fspack: the contents that a stream lacks, from the tree that it describes. */
import { UsageError } from '../base/errors.ts'
import { createMonitor } from '../base/monitor.ts'
import { isDash, pathKind } from '../host/stream/stdio.ts'
import { quotePath } from '../model/escape.ts'
import { bothFlag, defineCommand, levelFlag, outputFlag, progressFlag } from './command.ts'
import { openInput } from './input.ts'
import { writeStream } from './output.ts'

export const command = defineCommand({
  name: 'fspack',
  summary: 'Adds the contents that a changeset or a snapshot lacks, read from SOURCE.',
  operands: '[SOURCE [FILE]]',
  operandsMin: 0,
  operandsMax: 2,
  flags: {
    old: {
      kind: 'path',
      value: 'OLD.cs',
      help: 'a snapshot with content ids of the tree that is changed: what it holds is not packed; with chunks, of larger files only what is new in them',
    },
    basis: {
      kind: 'path',
      value: 'DIR',
      help: 'with --old or --both: the old tree itself; with --old, changed files are compared with it byte by byte',
    },
    ...bothFlag,
    level: { ...levelFlag.level, help: 'zstd level (that of the stream)' },
    ...outputFlag,
    ...progressFlag,
  },
  examples: [
    ['fsdiff --no-data old.cs new.cs | fspack src > monday.cs', 'a changeset with its contents'],
    ['fspack --old old.cs src < cset > monday.cs', 'of changed files only what the old tree does not hold'],
    ['fspack src < cset | ssh host fsapply dst', 'straight onto another machine'],
    ['fsscan src | fspack src > archive.cs', 'a snapshot from which the tree can be restored'],
  ],
  notes:
    'SOURCE is the tree that the stream leads to, a directory; where it is not named, the one that the stream itself names. ' +
    'A file that changed since it was scanned is a problem and is not packed. Contents that are there already stay.',
  untouched: null,
  async run({ flags, operands }) {
    const { checkBoth, openOldFiles, packFrom } = await import('./pack-source.ts')
    const { readItems } = await import('../flow/stream/reader.ts')
    const monitor = createMonitor('pack')
    checkBoth(flags.both, flags.basis)
    const [source = null, file = null] = operands
    if (source !== null) checkSource(source, file)
    const items = readItems(await openInput(file))
    const { old } = flags
    return writeStream(
      packFrom(items, {
        source,
        onAbsent: null,
        old: old === null ? null : () => openOldFiles(old, false),
        basis: old === null && !flags.both ? null : flags.basis,
        both: flags.both,
        level: flags.level,
        monitor,
      }),
      {
        name: 'fspack',
        output: flags.output,
        progress: flags.progress,
        phases: ['pack'],
        monitor,
      },
    )
  },
})

/** What the system takes for a path at once; longer ones are entered piece by piece, by whoever reads there. */
const PATH_MAX = 4096

/** Arguments in another order would be told as a file that is no stream, or no directory. @throws UsageError, HostError */
function checkSource(source: Uint8Array, file: Uint8Array | null): void {
  const kind = source.length < PATH_MAX ? pathKind(source) : 'directory'
  if (kind === 'directory' || (kind === null && !isDash(source))) return
  const given = isDash(source) ? "'-'" : quotePath(source)
  throw new UsageError(
    '',
    `SOURCE is the directory that contents are read from, which ${given} is not; ${orderOf(source, file)}`,
  )
}

function orderOf(source: Uint8Array, file: Uint8Array | null): string {
  if (file !== null) return `FILE, here ${quotePath(file)}, comes second`
  return isDash(source)
    ? 'without SOURCE and FILE the stream is read from standard input'
    : `a stream is FILE, behind SOURCE, or standard input: fspack < ${quotePath(source)}`
}
