/** fsshow: any stream as text that a person or a program can read. */
import { UsageError } from '../base/errors.ts'
import { DASH } from '../host/stream/stdio.ts'
import { defineCommand, outputFlag } from './command.ts'
import { openInput } from './input.ts'
import { writeText } from './output.ts'
import { Status } from './sentences.ts'

export const command = defineCommand({
  name: 'fsshow',
  summary: 'Shows a snapshot, changeset or plan, one line a row.',
  operands: '[FILE]',
  operandsMin: 0,
  operandsMax: 1,
  flags: {
    stat: {
      kind: 'switch',
      help: 'counts and bytes, by kind and by top directory; what was saved, and by which means',
    },
    json: { kind: 'switch', help: 'one record a line as JSON, lossless; fsmake makes the stream again' },
    bytes: { kind: 'switch', help: 'every frame and record: offset, bytes in hex, meaning' },
    ...outputFlag,
  },
  examples: [
    ['fsdiff old.cs new.cs | fsshow', 'what changed'],
    ['fsshow --stat monday.cs', 'how much changed, and where'],
    ['fsshow --json a.cs | jq .path', 'the paths, for another program'],
    ['zstdcat a.cs | msgpack2json', 'the same records without this program'],
  ],
  notes: 'Names are shown escaped: no name can act on the terminal. spec.md, appendix A, describes the JSON.',
  untouched: null,
  async run({ flags, operands }) {
    const { stat, json, bytes } = flags
    if (Number(stat) + Number(json) + Number(bytes) > 1)
      throw new UsageError('', 'choose one of --stat, --json, --bytes')
    const source = await openInput(operands[0] ?? null)
    await writeText(await textOf(source, { stat, json, bytes }), flags.output ?? DASH)
    return Status.ok
  },
})

type View = { stat: boolean; json: boolean; bytes: boolean }

async function textOf(source: AsyncIterable<Uint8Array>, view: View): Promise<AsyncIterable<string>> {
  if (view.bytes) return (await import('../flow/show/bytes.ts')).showBytes(source)
  if (view.stat) return (await import('../flow/show/stat.ts')).showStat(source)
  const { readItems } = await import('../flow/stream/reader.ts')
  const items = readItems(source)
  if (view.json) return (await import('../flow/show/json.ts')).showJson(items)
  return (await import('../flow/show/lines.ts')).showLines(items)
}
