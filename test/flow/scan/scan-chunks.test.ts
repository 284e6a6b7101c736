/** Scans that record chunk lists: which contents have one, what it says, what --reuse takes over. */
import { appendFileSync, copyFileSync, linkSync, mkdirSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createMonitor } from '../../../src/base/monitor.ts'
import { LISTED_SIZE_MIN } from '../../../src/flow/scan/chunk-lists.ts'
import { scan } from '../../../src/flow/scan/scan.ts'
import { encodeItems } from '../../../src/flow/stream/writer.ts'
import { hashBytes } from '../../../src/host/native/blake3.ts'
import type { Chunks, Item } from '../../../src/model/item.ts'
import { pathKey } from '../../../src/model/path.ts'
import { Chunker, chunkRuleFor } from '../../../src/tree/chunker.ts'
import { collect, record, replayItems } from '../../support/apply-tree.ts'
import { makePrng } from '../../support/prng.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const random = makePrng(3)

async function scanned(root: string, reuse: Item[] | null = null, threadCount = 1) {
  const monitor = createMonitor('scan')
  const items = scan({
    root: Buffer.from(root),
    oneFileSystem: false,
    xattrs: false,
    digest: 'blake3',
    chunks: true,
    reuse: reuse === null ? null : replayItems(reuse),
    filters: [],
    outputFile: null,
    threadCount,
    tool: 'test',
    level: 3,
    comment: '',
    monitor,
  })
  return { items: await collect(items), bytesRead: monitor.bytes }
}

const listsOf = (items: readonly Item[]): Chunks[] =>
  items.flatMap((item) => (item.kind === 'chunks' ? [item.chunks] : []))

async function bytesOf(items: readonly Item[]): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of encodeItems(replayItems(items))) parts.push(part)
  return Buffer.concat(parts)
}

/** Files that are old enough not to be racy. */
function makeTree(): { dir: string; large: Buffer } {
  const dir = tempDir()
  const large = Buffer.from(random.bytes(700_001))
  mkdirSync(`${dir}/sub`)
  writeFileSync(`${dir}/large`, large)
  copyFileSync(`${dir}/large`, `${dir}/sub/copy`)
  writeFileSync(`${dir}/least`, random.bytes(LISTED_SIZE_MIN))
  linkSync(`${dir}/least`, `${dir}/sub/link`)
  writeFileSync(`${dir}/small`, random.bytes(LISTED_SIZE_MIN - 1))
  writeFileSync(`${dir}/empty`, '')
  return { dir, large }
}

describe('scan with chunks', () => {
  it('lists each content that is large enough once in a batch, behind its rows', async () => {
    const { dir, large } = makeTree()
    const { items } = await scanned(dir)
    expect(items.map(({ kind }) => kind)).toEqual(['header', 'rows', 'chunks', 'chunks', 'end'])
    expect(pathKey(listsOf(items)[0]!.id)).toBe(pathKey(hashBytes(large)))
  })

  it('says where the chunks end and what they hash to', async () => {
    const { dir, large } = makeTree()
    const { ends, ids } = listsOf((await scanned(dir)).items)[0]!
    const chunker = new Chunker(chunkRuleFor(large.length))
    const expected: number[] = []
    for (let at = chunker.next(large, 0, large.length); at !== -1; at = chunker.next(large, at, large.length)) {
      expected.push(at)
    }
    if (expected.at(-1) !== large.length) expected.push(large.length)
    expect([...ends]).toEqual(expected)
    ends.forEach((end, i) => {
      const id = hashBytes(large.subarray(ends[i - 1] ?? 0, end)).subarray(0, 16)
      expect(pathKey(ids.subarray(16 * i, 16 * i + 16))).toBe(pathKey(id))
    })
  })

  it('gives the same bytes with several threads', async () => {
    const { dir } = makeTree()
    expect(await bytesOf((await scanned(dir, null, 3)).items)).toEqual(await bytesOf((await scanned(dir)).items))
  })

  it('takes lists over with the ids, and reads what changed', async () => {
    const { dir } = makeTree()
    const old = unraced((await scanned(dir)).items)
    const again = await scanned(dir, old)
    expect(again.bytesRead).toBe(0)
    expect(listsOf(again.items)).toEqual(listsOf(old))
    appendFileSync(`${dir}/sub/copy`, 'x')
    const changed = await scanned(dir, old)
    expect(changed.bytesRead).toBe(700_002)
    expect(listsOf(changed.items).length).toBe(3)
  })

  it('reads files whose id the old snapshot has without a list', async () => {
    const { dir } = makeTree()
    const fresh = await scanned(dir)
    const old = unraced(await collect(record(dir, 'blake3')))
    const again = await scanned(dir, old)
    expect(listsOf(again.items)).toEqual(listsOf(fresh.items))
    expect(again.bytesRead).toBe(2 * 700_001 + LISTED_SIZE_MIN)
  })
})

/** The items as if the scan had come long after the last change. */
function unraced(items: Item[]): Item[] {
  for (const item of items) if (item.kind === 'rows') item.batch.after!.hints!.racy.fill(0)
  return items
}
