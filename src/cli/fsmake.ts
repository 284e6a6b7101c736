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
  flags: { ...outputFlag, ...progressFlag },
  examples: [
    ['fsshow --json a.cs | fsmake -o b.cs', 'a copy of a.cs, record by record'],
    ['my-program | fsmake | fsapply dst', 'a changeset that another program wrote'],
  ],
  notes: 'spec.md, appendix A, describes the lines.',
  untouched: '',
  async run({ flags, operands }) {
    const { makeItems } = await import('../flow/make.ts')
    const lines = await openInput(operands[0] ?? null)
    const monitor = createMonitor('make')
    return writeStream(countItems(makeItems(lines), monitor), {
      name: 'fsmake',
      output: flags.output,
      progress: flags.progress,
      phases: [],
      monitor,
    })
  },
})
