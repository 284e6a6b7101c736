/** fsdiff: what leads from one tree to another. */
import { UsageError } from '../base/errors.ts'
import { createMonitor, type Monitor } from '../base/monitor.ts'
import { TOOL } from '../base/version.ts'
import type { ScanOptions } from '../flow/scan/scan.ts'
import type { Source } from '../flow/stream/two-streams.ts'
import { DASH, isDash, pathKind, say } from '../host/stream/stdio.ts'
import type { Item } from '../model/item.ts'
import type { Phase } from '../model/problem.ts'
import { type Aspect, aspects } from '../tree/compare.ts'
import {
  bothFlag,
  commentFlag,
  defineCommand,
  LEVEL_DEFAULT,
  levelFlag,
  outputFlag,
  progressFlag,
  type Rule,
} from './command.ts'
import { openFrames } from './input.ts'
import { writeStream } from './output.ts'
import { checkBoth, openOldFiles, type PackFromOptions, scanOldFiles } from './pack-source.ts'
import { readFilters, scanFlags, scanOptions } from './scan-flags.ts'
import { byTimeAlone, contentsLeftOut, Status, type WithoutIds } from './sentences.ts'

export const command = defineCommand({
  name: 'fsdiff',
  summary: 'Says what leads from one tree to another, with the contents that changed where they can be read.',
  operands: 'OLD [NEW]',
  operandsMin: 1,
  operandsMax: 2,
  flags: {
    'no-data': { kind: 'switch', help: 'leave contents out; fspack adds them' },
    data: { kind: 'switch', help: "fail where NEW's tree cannot be read, instead of leaving contents out" },
    source: { kind: 'path', value: 'DIR', help: 'read contents from DIR' },
    basis: {
      kind: 'path',
      value: 'DIR',
      help: "OLD's tree itself (OLD, where that is a directory): changed files are compared with it byte by byte, and less is sent",
    },
    ...bothFlag,
    'exit-code': { kind: 'switch', help: 'exit with 1 when there are differences' },
    'ignore-times': { kind: 'switch', help: 'equal size and time prove nothing: compare contents' },
    'size-only': { kind: 'switch', help: 'equal size is enough' },
    ignore: {
      kind: 'texts',
      value: 'LIST',
      help: `leave differences in these out: ${aspects.join(',')}; a target keeps its own`,
    },
    hash: {
      kind: 'switch',
      help: 'compare the contents of directories by their ids; two directories are compared so anyway',
    },
    'no-moves': { kind: 'switch', help: 'tell a move as a deletion and an addition' },
    touch: {
      kind: 'switch',
      help: 'files of which the time alone changes, from one time to another, are told by that time and not by name: next to no bytes, but only who has the tree can say which they are',
    },
    quick: { kind: 'switch', help: 'two directories: judge contents by size and time, do not read them' },
    ...scanFlags,
    ...commentFlag,
    ...levelFlag,
    ...outputFlag,
    ...progressFlag,
  },
  examples: [
    ['fsscan src | fsdiff old.cs | fsapply dst', 'record and replay'],
    ['fsdiff old.cs new.cs -o monday.cs', 'a changeset to keep'],
    ['fsdiff --basis old old.cs new.cs', 'the least that is to be sent, while the old tree is still at hand'],
    ['fsdiff --touch old.cs new.cs', 'where a release has set the time of every file'],
    ['fsdiff --both old new -o both.cs', 'with the contents of both trees: fsinvert gives the way back'],
    ['fsdiff --no-data old.cs new.cs | fsshow', 'only look'],
    ['fsdiff --exit-code src dst', 'are two directories equal, contents included?'],
  ],
  notes:
    'OLD and NEW are snapshots or directories; NEW is standard input where it is not named. Contents are packed where ' +
    "NEW's tree is a directory of this machine. What could not be read on either side is never deleted.",
  untouched: null,
  async run({ flags, operands, rules }) {
    const { diff } = await import('../flow/diff/diff.ts')
    const monitor = createMonitor('diff')
    const ignored = parseAspects(flags.ignore)
    const paths = { old: operands[0]!, fresh: operands[1] ?? DASH }
    refuseScanFlags(paths, flags, rules)
    const filters = await readFilters(rules)
    const level = flags.level ?? LEVEL_DEFAULT
    const comment = flags.comment ?? ''
    const sides = await openSides(paths, flags, (root, digest) =>
      scanOptions(flags, filters, { root, digest, level, comment, monitor: createMonitor('scan') }),
    )
    const willBeRead = !flags['no-data'] && (flags.source !== null || sides.isNewHere())
    const rows = diff({
      before: sides.before,
      after: sides.after,
      compare: {
        ignoreTimes: flags['ignore-times'],
        sizeOnly: flags['size-only'],
        ignored,
      },
      touch: flags.touch,
      moves: flags['no-moves'] ? 'none' : willBeRead ? 'likely' : 'proven',
      tool: TOOL,
      level,
      comment,
      monitor,
    })
    const isOldTree = isDirectory(paths.old)
    const basis = flags.basis ?? (isOldTree && (flags.both || !flags.quick) ? paths.old : null)
    if (!flags['no-data']) checkBoth(flags.both, basis)
    const outcome: Outcome = { changeCount: 0, absentTree: null }
    const onAbsent = flags.data ? null : (tree: string) => (outcome.absentTree = tree)
    // A snapshot that comes through a pipe cannot be read twice.
    const canReadTwice = !isDash(paths.old) && pathKind(paths.old) === 'file'
    const old = async () => {
      // The old tree itself tells more than the ids of its files.
      const listed = canReadTwice ? await openOldFiles(paths.old, basis !== null) : null
      if (listed !== null || basis === null) return listed
      const monitor = createMonitor('scan')
      return scanOldFiles(scanOptions(flags, filters, { root: basis, digest: 'blake3', level, comment, monitor }))
    }
    const items = flags['no-data']
      ? rows
      : await packed(rows, { source: flags.source, onAbsent, old, basis, both: flags.both }, monitor)
    const { output, progress } = flags
    const phases: Phase[] = ['diff', 'pack', ...sides.phases]
    const status = await writeStream(watchEnd(items, outcome, sides.withoutIds), {
      name: 'fsdiff',
      output,
      progress,
      phases,
      monitor,
    })
    return flags['exit-code'] && outcome.changeCount > 0 ? Status.problems : status
  },
})

/** What says how directories are scanned says nothing of snapshots. @throws UsageError */
function refuseScanFlags(
  { old, fresh }: { old: Uint8Array; fresh: Uint8Array },
  flags: { [name in 'hash' | 'one-file-system' | 'no-xattrs' | 'quick']: boolean },
  rules: readonly Rule[],
): void {
  const kinds = [old, fresh].map((path) => (isDash(path) ? 'file' : pathKind(path)))
  if (kinds.includes('directory') || kinds.includes(null)) return
  const given = (['hash', 'one-file-system', 'no-xattrs', 'quick'] as const).find((name) => flags[name])
  const name = rules[0]?.flag ?? given
  if (name === undefined) return
  throw new UsageError(
    name,
    `--${name} says how a directory is looked at; OLD and NEW are snapshots, give it to fsscan`,
  )
}

type Sides = {
  before: Source
  after: Source
  phases: Phase[]
  /** Whether contents of the tree after can be read, so that a likely move can be made sure of. */
  isNewHere: () => boolean
  withoutIds: () => WithoutIds
}
type OptionsFor = (root: Uint8Array, digest: 'none' | 'blake3') => ScanOptions

/** Snapshots are read, directories are scanned: two of them with content ids, for nothing else relates one to the other. */
async function openSides(
  paths: { old: Uint8Array; fresh: Uint8Array },
  { hash, quick }: { hash: boolean; quick: boolean },
  optionsFor: OptionsFor,
): Promise<Sides> {
  if (isDash(paths.old) && isDash(paths.fresh)) throw new UsageError('', 'OLD and NEW cannot both be standard input')
  const [isOldTree, isNewTree] = [isDirectory(paths.old), isDirectory(paths.fresh)]
  const digest = hash || (isOldTree && isNewTree && !quick) ? 'blake3' : 'none'
  const open = (path: Uint8Array, isTree: boolean) => (isTree ? scanSide(path, digest, optionsFor) : openFrames(path))
  const { hostMatches } = await import('../host/walk/at-hand.ts')
  const before = await open(paths.old, isOldTree)
  const after = await open(paths.fresh, isNewTree)
  return {
    before,
    after,
    phases: isOldTree || isNewTree ? ['scan'] : [],
    isNewHere: () => !('header' in after) || hostMatches(after.header),
    withoutIds: () => ({
      snapshot: [before, after].some((side) => 'header' in side && side.header.digest === 'none'),
      directory: (isOldTree || isNewTree) && digest === 'none',
      isQuick: isOldTree && isNewTree && digest === 'none',
    }),
  }
}

function isDirectory(path: Uint8Array): boolean {
  return !isDash(path) && pathKind(path) === 'directory'
}

async function scanSide(root: Uint8Array, digest: 'none' | 'blake3', optionsFor: OptionsFor): Promise<Source> {
  const { scan } = await import('../flow/scan/scan.ts')
  return scan(optionsFor(root, digest))
}

function parseAspects(lists: readonly string[]): ReadonlySet<Aspect> {
  const names = lists.flatMap((list) => list.split(',')).filter((name) => name !== '')
  for (const name of names) {
    if (aspects.includes(name as Aspect)) continue
    throw new UsageError('ignore', `--ignore knows ${aspects.join(', ')}, not '${name}'`)
  }
  return new Set(names as Aspect[])
}

type PackFrom = Omit<PackFromOptions, 'monitor' | 'level'>

async function packed(items: AsyncIterable<Item>, from: PackFrom, monitor: Monitor) {
  const { packFrom } = await import('./pack-source.ts')
  // Entries are counted where they are compared; of packing, bytes are shown.
  const bytesOnly: Monitor = { ...createMonitor('pack') }
  Object.defineProperty(bytesOnly, 'bytes', {
    get: () => monitor.bytes,
    set: (bytes: number) => {
      monitor.bytes = bytes
    },
  })
  return packFrom(items, { ...from, level: null, monitor: bytesOnly })
}

type Outcome = { changeCount: number; absentTree: string | null }

/** Says once what somebody who reads only the rows would not notice. */
async function* watchEnd(
  items: AsyncIterable<Item>,
  outcome: Outcome,
  withoutIds: Sides['withoutIds'],
): AsyncGenerator<Item> {
  let touchedCount = 0
  for await (const item of items) {
    if (item.kind === 'touch') touchedCount = item.touch.fileCount
    if (item.kind === 'end') {
      const { rowCount, judgedByTime } = item.end
      outcome.changeCount = rowCount + touchedCount
      if (judgedByTime > 0) say(`fsdiff: ${byTimeAlone(judgedByTime, withoutIds())}\n`)
      if (rowCount > 0 && outcome.absentTree !== null) say(`fsdiff: ${contentsLeftOut(outcome.absentTree)}\n`)
    }
    yield item
  }
}
