/** walkInOrder: the same rows however the threads are scheduled, and no thread is waited for that nobody lets go on. */

import { linkSync, mkdirSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Shares, type WalkInput, walkInOrder } from '../../../src/flow/scan/walk-in-order.ts'
import { closeFd, openRoot } from '../../../src/host/entry/dir.ts'
import type { Job, Source, Threads } from '../../../src/host/thread/threads.ts'
import { createWalker, type Walker } from '../../../src/host/walk/walk.ts'
import { BatchCutter, type CutBatch } from '../../../src/model/batch-cutter.ts'
import { makePrng, type Prng } from '../../support/prng.ts'
import { makeRandomTree } from '../../support/random-tree.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const tempDir = useTempDirs()
const root = tempDir()
let rootFd = -1

beforeAll(() => {
  makeRandomTree(root, { seed: 5, entryCount: 800, odd: false })
  mkdirSync(`${root}/m`)
  writeFileSync(`${root}/m/f`, '')
  for (let i = 0; i < 5_000; i++) linkSync(`${root}/m/f`, `${root}/m/f${i}`)
  for (let i = 0; i < 100; i++) mkdirSync(`${root}/m/f0-${i}/inner`, { recursive: true })
  rootFd = openRoot(Buffer.from(root))
  return () => closeFd(rootFd)
})

function walkerHere(): Walker {
  const options = { rootFd, oneFileSystem: false, xattrs: false, outputFile: null, isExcluded: null, ownsThread: false }
  return createWalker({ ...options, racySinceSec: 1e12 })
}

/** A job and how far it is. */
type Doing = { job: Job; steps: Generator<void> }

/** Threads that do nothing by themselves: one step of one of them, at random, whenever somebody looks. */
function makePool(prng: Prng, threadCount: number, creditCount: number): Threads & { jobCount: number } {
  const sources: Source[] = []
  const threads = Array.from({ length: threadCount }, () => ({ jobs: [] as Doing[], isReady: false }))
  function* work(job: Job): Generator<void> {
    const { pending, rowCountMax } = job.input as WalkInput
    let credits = creditCount
    for (const piece of walkerHere().walk(pending, rowCountMax)) {
      while (credits === 0) yield
      credits--
      job.onOutput(piece, () => credits++)
      yield
    }
    job.onDone(pending)
  }
  function assign(jobs: Doing[], job: Job): void {
    jobs.push({ job, steps: work(job) })
    pool.jobCount++
  }
  function step(): void {
    const thread = prng.pick(threads)
    thread.isReady = true
    if (thread.jobs[0]?.steps.next().done === true) thread.jobs.shift()
    pool.wake()
  }
  const pool = {
    jobCount: 0,
    addSource: (source: Source) => void sources.push(source),
    wake() {
      for (const thread of threads) {
        const source = sources.find((candidate) => candidate.hasJob())
        if (source === undefined || !thread.isReady || thread.jobs.length > 0) continue
        assign(thread.jobs, source.nextJob())
      }
      for (const { jobs } of threads) {
        const next = jobs.length === 1 ? jobs[0]!.job.ahead() : null
        if (next !== null) assign(jobs, next)
      }
    },
    poll: () => {
      if (prng.oneIn(2)) step()
    },
    progress: async () => step(),
    close: async () => {},
  }
  return pool
}

async function walkAll(pool: Threads | null, shares: Shares): Promise<CutBatch[]> {
  const walker = walkerHere()
  const cutter = new BatchCutter()
  const batches: CutBatch[] = []
  for await (const piece of walkInOrder(walker, pool, shares)) batches.push(...cutter.push(piece))
  walker.close()
  const last = cutter.finish()
  return last === null ? batches : [...batches, last]
}

const few: Shares = {
  threadCount: 3,
  rowsBeforeThreads: 1,
  rowsHere: 3,
  rowsPerJob: 20,
  dirsPerJobMax: 4,
  windowRows: 100,
}

const cases: Array<[string, Shares, number, number]> = [
  ['small shares', few, 2, 2],
  ['one output under way', { ...few, windowRows: 1 }, 3, 1],
  ['shares of one directory', { ...few, rowsPerJob: 1, dirsPerJobMax: 1 }, 4, 2],
  ['large shares', { ...few, rowsPerJob: 2_000, windowRows: 5_000 }, 2, 2],
]

describe.each(cases)('%s', (_, shares, threadCount, creditCount) => {
  test.each([1, 2, 3, 4])('schedule %i gives the rows of one thread', async (seed) => {
    const wanted = await walkAll(null, { ...few, rowsBeforeThreads: 1e9, dirsPerJobMax: 1e9 })
    const pool = makePool(makePrng(seed), threadCount, creditCount)
    // A boolean: what assertions print of two different trees takes minutes.
    expect(isDeepStrictEqual(await walkAll(pool, shares), wanted)).toBe(true)
    expect(pool.jobCount).toBeGreaterThan(0)
  })
})
