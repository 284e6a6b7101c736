/** fscompose: two changesets in a row as one. */
import { UsageError } from '../base/errors.ts'
import { createMonitor } from '../base/monitor.ts'
import { TOOL } from '../base/version.ts'
import type { Source } from '../flow/stream/two-streams.ts'
import { DASH, isDash } from '../host/stream/stdio.ts'
import { commentFlag, defineCommand, LEVEL_DEFAULT, levelFlag, outputFlag, progressFlag } from './command.ts'
import { openFrames, openInput } from './input.ts'
import { countItems, writeStream } from './output.ts'

export const command = defineCommand({
  name: 'fscompose',
  summary: 'Makes one changeset of two that follow each other; what cancels out is gone.',
  operands: 'FIRST [SECOND]',
  operandsMin: 1,
  operandsMax: 2,
  flags: {
    between: {
      kind: 'path',
      value: 'SNAPSHOT',
      help: 'the tree that FIRST leads to and SECOND leads from, with content ids: it says which files are meant where they are told by their times (fsdiff --touch)',
    },
    ...commentFlag,
    ...levelFlag,
    ...outputFlag,
    ...progressFlag,
  },
  examples: [
    ['fscompose monday.cs tuesday.cs | fspack src | fsapply dst', 'catch up two days at once'],
    ['fscompose old.cs monday.cs > new.cs', 'a snapshot and a changeset: the next snapshot'],
    ['fscompose --between old.cs old.cs touched.cs > new.cs', 'the same where the changeset was made with --touch'],
  ],
  notes: 'SECOND is standard input where it is not named. The result has no contents: fspack adds them.',
  untouched: null,
  async run({ flags, operands }) {
    const { readItems } = await import('../flow/stream/reader.ts')
    const { expandTouch } = await import('../flow/diff/expand-touch.ts')
    const { compose } = await import('../flow/convert/compose.ts')
    const [first, second = DASH] = operands as [Uint8Array, Uint8Array?]
    if (isDash(first) && isDash(second)) throw new UsageError('', 'FIRST and SECOND cannot both be standard input')
    const monitor = createMonitor('compose')
    const { between } = flags
    const open = async (path: Uint8Array): Promise<Source> => {
      if (between === null) return openFrames(path)
      return expandTouch(readItems(await openInput(path)), () => openFrames(between))
    }
    const items = compose({
      first: await open(first),
      second: await open(second),
      tool: TOOL,
      level: flags.level ?? LEVEL_DEFAULT,
      comment: flags.comment ?? '',
    })
    const { output, progress } = flags
    return writeStream(countItems(items, monitor), { name: 'fscompose', output, progress, phases: [], monitor })
  },
})
