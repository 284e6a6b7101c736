/** fsscan: a directory into a snapshot. */
import { createMonitor } from '../base/monitor.ts'
import type { Item } from '../model/item.ts'
import { commentFlag, defineCommand, LEVEL_DEFAULT, levelFlag, outputFlag, progressFlag } from './command.ts'
import { writeStream } from './output.ts'
import { readFilters, scanFlags, scanOptions } from './scan-flags.ts'

const HERE = Buffer.from('.')

export const command = defineCommand({
  name: 'fsscan',
  summary: 'Records every entry of a directory as a snapshot.',
  operands: '[DIR]',
  operandsMin: 0,
  operandsMax: 1,
  flags: {
    hash: { kind: 'switch', help: 'record the BLAKE3 content id of every regular file' },
    chunks: {
      kind: 'switch',
      help: 'record the chunks of larger files too, so that later only what changed in them is sent; implies --hash',
    },
    reuse: {
      kind: 'path',
      value: 'OLD.cs',
      help: 'take content ids from an older snapshot for files that are proven not to have changed; implies --hash',
    },
    ...scanFlags,
    ...commentFlag,
    ...levelFlag,
    ...outputFlag,
    ...progressFlag,
  },
  examples: [
    ['fsscan src > old.cs', 'record a directory'],
    ['fsscan --hash --reuse old.cs src > new.cs', 'with content ids; only what changed is read'],
    ['fsscan --chunks src > old.cs', 'what fsdiff needs to send only what changed in a file'],
    ["fsscan --exclude '*.o' --exclude /build/ src", 'without some of it'],
    ['fsscan / --one-file-system -o root.cs', 'a whole system, without what is mounted in it'],
  ],
  notes:
    'DIR is the current directory where it is not named. What cannot be read is noted in the snapshot and on standard error; ' +
    'the rest is recorded, and the exit status is 1. The output file itself is left out.',
  untouched: null,
  async run({ flags, operands, rules }) {
    const filters = await readFilters(rules)
    const { scan } = await import('../flow/scan/scan.ts')
    const { outputId } = await import('../host/walk/output-id.ts')
    const monitor = createMonitor('scan')
    const base = scanOptions(flags, filters, {
      root: operands[0] ?? HERE,
      digest: flags.hash || flags.chunks || flags.reuse !== null ? 'blake3' : 'none',
      level: flags.level ?? LEVEL_DEFAULT,
      comment: flags.comment ?? '',
      monitor,
    })
    const items = scan({
      ...base,
      chunks: flags.chunks,
      reuse: await openOld(flags.reuse),
      outputFile: outputId(flags.output),
    })
    const { output, progress } = flags
    return writeStream(items, { name: 'fsscan', output, progress, phases: ['scan'], monitor })
  },
})

async function openOld(path: Uint8Array | null): Promise<AsyncIterable<Item> | null> {
  return path === null ? null : (await import('./input.ts')).openItems(path)
}
