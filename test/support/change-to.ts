/** A tree that changes, and the stream that leads to what it becomes: contents as recipes, by chunks, by ids or by the old bytes. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { expect } from 'vitest'
import { createMonitor } from '../../src/base/monitor.ts'
import { applyDirect } from '../../src/flow/apply/direct.ts'
import { diff } from '../../src/flow/diff/diff.ts'
import { readOldFiles } from '../../src/flow/pack/old-files.ts'
import { pack } from '../../src/flow/pack/pack.ts'
import { scan } from '../../src/flow/scan/scan.ts'
import { readItems } from '../../src/flow/stream/reader.ts'
import { encodeItems } from '../../src/flow/stream/writer.ts'
import type { Item } from '../../src/model/item.ts'
import type { Aspect } from '../../src/tree/compare.ts'
import { copyTree } from './apply-random.ts'
import { applyItems, applyOptions, collect, replayItems } from './apply-tree.ts'
import { compareTrees } from './compare-trees.ts'

export type Files = Record<string, Uint8Array>

export function write(dir: string, files: Files): void {
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(`${dir}/${path.slice(0, path.lastIndexOf('/') + 1)}`, { recursive: true })
    writeFileSync(`${dir}/${path}`, bytes)
  }
}

const scanned = (root: string, chunks: boolean, xattrs: boolean): Promise<Item[]> =>
  collect(
    scan({
      root: Buffer.from(root),
      oneFileSystem: false,
      xattrs,
      digest: 'blake3',
      chunks,
      reuse: null,
      filters: [],
      outputFile: null,
      threadCount: 1,
      tool: 'test',
      level: 3,
      comment: '',
      monitor: createMonitor('scan'),
    }),
  )

/** A tree as it was, a copy of it to apply to, and the stream that leads to what `edit` makes of it; of the tree before chunks are known, or ids alone. */
export async function changeTo(
  dir: string,
  before: Files | ((tree: string) => void),
  edit: (tree: string) => void,
  hasBasis = false,
  hasChunks = true,
  { ignored = [], xattrs = true }: { ignored?: readonly Aspect[]; xattrs?: boolean } = {},
) {
  const [tree, target] = [`${dir}/tree`, `${dir}/target`]
  mkdirSync(tree)
  if (typeof before === 'function') before(tree)
  else write(tree, before)
  copyTree(tree, target)
  const old = await scanned(tree, hasChunks, xattrs)
  edit(tree)
  const rows = diff({
    before: replayItems(old),
    after: replayItems(await scanned(tree, false, xattrs)),
    compare: { ignoreTimes: false, sizeOnly: false, ignored: new Set(ignored) },
    moves: 'proven',
    touch: false,
    ...{ tool: 'test', level: 3, comment: '' },
    monitor: createMonitor('diff'),
  })
  const oldFiles = await readOldFiles(replayItems(old))
  const basis = hasBasis ? Buffer.from(target) : null
  const packed = pack(rows, {
    source: Buffer.from(tree),
    old: async () => oldFiles,
    basis,
    both: false,
    level: null,
    monitor: createMonitor('pack'),
  })
  const parts: Uint8Array[] = []
  for await (const part of encodeItems(packed)) parts.push(part)
  return { tree, target, bytes: Buffer.concat(parts) }
}

async function* piecesOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes
}

export const itemsIn = (bytes: Buffer): Promise<Item[]> => collect(readItems(piecesOf(bytes)))

/** Applies it, and in place as well. */
export async function expectApplied({ tree, target, bytes }: Awaited<ReturnType<typeof changeTo>>): Promise<void> {
  const other = `${target}-in-place`
  copyTree(target, other)
  const inPlace = await applyDirect(() => readItems(piecesOf(bytes)), applyOptions(other, {}))
  expect(inPlace.outcome, JSON.stringify(inPlace.findings)).toBe('applied')
  expect(compareTrees(tree, other)).toEqual([])
  const report = await applyItems(await itemsIn(bytes), target)
  expect(report.outcome, JSON.stringify(report.findings)).toBe('applied')
  expect(compareTrees(tree, target)).toEqual([])
  expect((await applyItems(await itemsIn(bytes), target)).outcome).toBe('unchanged')
}
