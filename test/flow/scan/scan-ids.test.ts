/** Content ids by threads: those of one thread, in whatever order the threads come back; failures in row order. */
import { linkSync, mkdirSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createMonitor } from '../../../src/base/monitor.ts'
import { scan } from '../../../src/flow/scan/scan.ts'
import { type IdentifiedBatch, withIds } from '../../../src/flow/scan/scan-ids.ts'
import type { HashInput } from '../../../src/flow/scan/scan-worker.ts'
import { closeFd, openRoot } from '../../../src/host/entry/dir.ts'
import type { Job, Source, Threads } from '../../../src/host/thread/threads.ts'
import { FileHasher } from '../../../src/host/walk/hash-files.ts'
import type { CutBatch } from '../../../src/model/batch-cutter.ts'
import type { Item } from '../../../src/model/item.ts'
import { pathKey } from '../../../src/model/path.ts'
import { makePrng } from '../../support/prng.ts'
import { scanItems, scanOptions, scanTree } from '../../support/scanning.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()

test('a large file is read by a thread, with the same id', async () => {
  const root = tempDir()
  writeFileSync(`${root}/large`, 'begins')
  truncateSync(`${root}/large`, 80_000_000)
  writeFileSync(`${root}/small`, 'small')
  const monitor = createMonitor('scan')
  const one = await scanTree(root, { digest: 'blake3' })
  const two = await scanTree(root, { digest: 'blake3', threadCount: 2, monitor })
  for (const name of ['large', 'small']) expect(two.entries.get(name)!.content).toEqual(one.entries.get(name)!.content)
  expect(monitor).toMatchObject({ entries: 3, bytes: 80_000_005 })
})

describe('withIds', () => {
  const root = tempDir()
  for (let d = 0; d < 10; d++) {
    mkdirSync(`${root}/d${d}`)
    for (let i = 0; i < 700; i++) {
      if (i % 5 === 0 && d > 0) linkSync(`${root}/d0/${i}`, `${root}/d${d}/${i}`)
      else writeFileSync(`${root}/d${d}/${i}`, `content ${d} ${i % 50}`)
    }
  }

  /** A pool that has no threads: jobs are done here, up to four at a time, in the order of a die. */
  function makePool(seed: number, hasher: FileHasher): Threads & { jobCount: number } {
    const prng = makePrng(seed)
    const sources: Source[] = []
    const jobs: Job[] = []
    const pool = {
      jobCount: 0,
      addSource: (source: Source) => void sources.push(source),
      wake() {
        for (const source of sources) {
          while (jobs.length < 4 && source.hasJob()) jobs.push(source.nextJob())
        }
      },
      poll() {},
      async progress() {
        const [job] = jobs.splice(prng.below(jobs.length), 1)
        job!.onDone(hasher.hash((job!.input as HashInput).files))
        pool.jobCount++
        pool.wake()
      },
      close: async () => {},
    }
    return pool
  }

  async function batchesOf(items: Item[]): Promise<CutBatch[]> {
    return items.flatMap((item) => (item.kind === 'rows' ? [{ batch: item.batch, problems: [] }] : []))
  }

  async function* each(batches: CutBatch[]): AsyncGenerator<CutBatch> {
    yield* batches
  }

  async function identify(seed: number | null): Promise<{ done: IdentifiedBatch[]; jobCount: number }> {
    const rootFd = openRoot(Buffer.from(root))
    const plain = new FileHasher(rootFd, true, null)
    const pool = seed === null ? null : makePool(seed, plain)
    const batches = await batchesOf(await scanItems(root))
    for (const { batch } of batches) batch!.after!.hints!.racy.fill(0)
    const done: IdentifiedBatch[] = []
    const options = { hashers: { plain, chunking: null }, pool, old: null, monitor: createMonitor('scan') }
    for await (const batch of withIds(each(batches), options)) done.push(batch)
    plain.close()
    closeFd(rootFd)
    return { done, jobCount: pool?.jobCount ?? 0 }
  }

  test.each([1, 2, 3])('threads that come back in any order give the batches of one: %i', async (seed) => {
    const one = await identify(null)
    const many = await identify(seed)
    expect(isDeepStrictEqual(many.done, one.done)).toBe(true)
    expect(many.jobCount).toBeGreaterThan(0)
    expect(one.done.flatMap(({ problems }) => problems)).toEqual([])
  })

  test('what fails is told in row order, and with it the later names of its group', async () => {
    const items: Item[] = []
    for await (const item of scan(scanOptions(root, { digest: 'none' }))) items.push(item)
    unlinkSync(`${root}/d0/0`)
    unlinkSync(`${root}/d3/3`)
    const rootFd = openRoot(Buffer.from(root))
    const plain = new FileHasher(rootFd, true, null)
    const options = { hashers: { plain, chunking: null }, pool: null, old: null, monitor: createMonitor('scan') }
    const lines: string[] = []
    for await (const { problems } of withIds(each(await batchesOf(items)), options)) {
      for (const { problem } of problems) lines.push(`${problem.code} ${pathKey(problem.path)} ${problem.detail}`)
    }
    plain.close()
    closeFd(rootFd)
    const groups = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((d) => `changed d${d}/0 links`)
    expect(lines).toEqual(['vanished d0/0 ENOENT', ...groups.toSpliced(3, 0, 'vanished d3/3 ENOENT')])
  })
})
