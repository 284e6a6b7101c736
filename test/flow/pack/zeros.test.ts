/** Sparse files: their holes are neither read nor sent, and are holes again at the target. */
import {
  closeSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { expect, it } from 'vitest'
import { createMonitor } from '../../../src/base/monitor.ts'
import { readOldFiles } from '../../../src/flow/pack/old-files.ts'
import { pack } from '../../../src/flow/pack/pack.ts'
import { encodeItems } from '../../../src/flow/stream/writer.ts'
import { hashBytes } from '../../../src/host/native/blake3.ts'
import type { Item, RecipeRange } from '../../../src/model/item.ts'
import { pathKey } from '../../../src/model/path.ts'
import { applyItems, withData } from '../../support/apply-tree.ts'
import { compareTrees } from '../../support/compare-trees.ts'
import { collect, each, inShort } from '../../support/packing.ts'
import { makePrng } from '../../support/prng.ts'
import { scanItems, scanned } from '../../support/scanning.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const random = makePrng(23)
const MB = 1 << 20

/** Writes a file with holes where no data is. */
function writeSparse(path: string, size: number, data: Record<number, Uint8Array>): void {
  const fd = openSync(path, 'w')
  ftruncateSync(fd, size)
  for (const [offset, bytes] of Object.entries(data)) writeSync(fd, bytes, 0, bytes.length, Number(offset))
  closeSync(fd)
}

const blockBytes = (path: string): number => statSync(path).blocks * 512

const rangesOf = (items: readonly Item[]): RecipeRange[] =>
  items.flatMap((item) => (item.kind === 'recipe' ? item.recipe.ranges : []))

async function encodedBytes(items: readonly Item[]): Promise<number> {
  let count = 0
  for await (const part of encodeItems(each(items))) count += part.length
  return count
}

it('zeros between data cost nothing, and the file comes out as it was', async () => {
  const [source, target] = [tempDir(), tempDir()]
  const bytes = random.bytes(100_000)
  writeSparse(`${source}/disk`, 64 * MB, { [4 * MB]: bytes, [32 * MB]: bytes.subarray(0, 5000) })
  writeSparse(`${source}/empty`, 8 * MB, {})
  const snapshot = await scanItems(source, { digest: 'blake3' })
  const { content } = scanned(snapshot).entries.get('disk')!
  expect(pathKey(content)).toBe(pathKey(hashBytes(readFileSync(`${source}/disk`))))
  const packed = await collect(withData(each(snapshot), source))
  expect(await encodedBytes(packed)).toBeLessThan(110_000)
  const ranges = rangesOf(packed)
  expect(ranges.map(({ from }) => from)).toEqual(['zeros', 'literal', 'zeros', 'literal', 'zeros', 'zeros'])
  expect((await applyItems(packed, target)).outcome).toBe('applied')
  expect(compareTrees(source, target)).toEqual([])
  expect(blockBytes(`${target}/disk`)).toBeLessThanOrEqual(blockBytes(`${source}/disk`))
})

it('what is literal in a hole is zero, what the tree before has is copied', async () => {
  const source = tempDir()
  const bytes = random.bytes(3 * MB)
  writeSparse(`${source}/old`, 3 * MB, { 0: bytes })
  const old = await scanItems(source, { chunks: true, digest: 'blake3' })
  writeSparse(`${source}/disk`, 32 * MB, { [8 * MB]: bytes, [16 * MB]: random.bytes(10_000) })
  const packed = pack(each(await scanItems(source, { digest: 'blake3' })), {
    source: Buffer.from(source),
    old: () => readOldFiles(each(old)),
    basis: null,
    both: false,
    level: null,
    monitor: createMonitor('pack'),
  })
  const ranges = rangesOf(await collect(packed)).filter(({ length }) => length > MB)
  expect(ranges.map(({ from }) => from)).toEqual(['zeros', 'before', 'zeros', 'zeros', 'before'])
})

it('a file of zeros that are there is sent as it is', async () => {
  const source = tempDir()
  writeFileSync(`${source}/zeros`, Buffer.alloc(3 * MB))
  const packed = await collect(withData(each(await scanItems(source, { digest: 'blake3' })), source))
  expect(rangesOf(packed)).toEqual([])
  expect(await encodedBytes(packed)).toBeLessThan(2000)
})

it('a hole that was written to since the scan is noticed', async () => {
  const source = tempDir()
  writeSparse(`${source}/disk`, 8 * MB, { 0: random.bytes(1000) })
  utimesSync(`${source}/disk`, 1e9, 1e9)
  const snapshot = await scanItems(source, { digest: 'blake3' })
  writeSparse(`${source}/disk`, 8 * MB, { [4 * MB]: random.bytes(1000) })
  utimesSync(`${source}/disk`, 1e9, 1e9)
  const packed = inShort(await collect(withData(each(snapshot), source)))
  expect(packed.filter((line) => !line.startsWith('rows'))).toEqual(['problem changed disk content'])
})
