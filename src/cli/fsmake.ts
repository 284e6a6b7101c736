/** fsmake: NDJSON, as fsshow --json prints it, into a stream. */
import { createMonitor } from '../base/monitor.ts'
import { defineCommand, outputFlag, progressFlag } from './command.ts'
import { openInput } from './input.ts'
import { countItems, writeStream } from './output.ts'

export const command = defineCommand({
  name: 'fsmake',
  summary: 'Makes a stream from lines of JSON, as `fsshow --json` prints them.',
  operands: '[FILE]',
  operandsMin: 0,
  operandsMax: 1,
  flags: {
    edited: {
      kind: 'switch',
      help: 'lines were removed or changed: count totals anew, leave out contents that no row has any more, and the tree ids',
    },
    ...outputFlag,
    ...progressFlag,
  },
  examples: [
    ['fsshow --json a.cs | fsmake -o b.cs', 'a copy of a.cs, record by record'],
    ['fsshow --json a.cs | grep -v secret | fsmake --edited -o b.cs', 'without some of the rows'],
    ['my-program | fsmake | fsapply dst', 'a changeset that another program wrote'],
  ],
  notes: 'spec.md, appendix A, describes the lines.',
  untouched: null,
  async run({ flags, operands }) {
    const { makeItems } = await import('../flow/convert/make.ts')
    const lines = await openInput(operands[0] ?? null)
    const monitor = createMonitor('make')
    return writeStream(countItems(makeItems(lines, { isEdited: flags.edited }), monitor), {
      name: 'fsmake',
      output: flags.output,
      progress: flags.progress,
      phases: [],
      monitor,
    })
  },
})
