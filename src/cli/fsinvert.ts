/** fsinvert: the changeset that leads back. */
import { createMonitor } from '../base/monitor.ts'
import { TOOL } from '../base/version.ts'
import { commentFlag, defineCommand, LEVEL_DEFAULT, levelFlag, outputFlag, progressFlag } from './command.ts'
import { openInput } from './input.ts'
import { countItems, writeStream } from './output.ts'

export const command = defineCommand({
  name: 'fsinvert',
  summary: 'Turns a changeset around: what it adds is deleted, what it changes is changed back.',
  operands: '[FILE]',
  operandsMin: 0,
  operandsMax: 1,
  flags: {
    ...commentFlag,
    ...levelFlag,
    ...outputFlag,
    ...progressFlag,
  },
  examples: [
    ['fsinvert monday.cs | fsshow', 'what going back would change'],
    ['fsinvert monday.cs | fspack backup | fsapply dst', 'go back, with the old contents from a backup'],
    [
      'fsdiff --both old new -o both.cs; fsinvert both.cs | fsapply dst',
      'go back, with the old contents of the stream',
    ],
  ],
  notes:
    'A changeset with the contents of both trees (fsdiff or fspack with --both) is inverted with its contents. Of any other, ' +
    'fspack adds them from a copy of the tree before.',
  untouched: null,
  async run({ flags, operands }) {
    const { readItems } = await import('../flow/stream/reader.ts')
    const { invert } = await import('../flow/convert/invert.ts')
    const monitor = createMonitor('invert')
    const items = invert(readItems(await openInput(operands[0] ?? null)), {
      tool: TOOL,
      level: flags.level ?? LEVEL_DEFAULT,
      comment: flags.comment ?? '',
    })
    const { output, progress } = flags
    return writeStream(countItems(items, monitor), { name: 'fsinvert', output, progress, phases: [], monitor })
  },
})
